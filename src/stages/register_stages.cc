#include "stages/register_stages.h"

#include <array>
#include <string_view>

#include "stages/definitions.h"

namespace trawl {
namespace {

// Stages of the contract that answer NotEnabledError instead of "no such stage".
constexpr auto kNotOffered = std::to_array<std::string_view>({
    "llm_filter",
    "query_expand",
    "agent_search",
    "score_filter",
    "mmr",
    "score_normalize",
    "summarize",
    "cluster",
    "moment_group",
    "temporal",
    "score_threshold",
    "json_transform",
    "rag_prepare",
    "unwind",
    "cross_compare",
    "api_call",
    "sql_lookup",
    "external_web_search",
    "web_scrape",
    "code_execution",
    "document_enrich",
    "llm_enrich",
    "taxonomy_enrich",
    "agentic_enrich",
    "llm_enrichment",
});

}  // namespace

// To add a stage: write stages/KIND/NAME.cc, and a line in definitions.h.
void register_stages(StageRegistry& registry) {
#define TRAWL_ADD_STAGE(name) registry.add(name##_definition());
  TRAWL_STAGES(TRAWL_ADD_STAGE)
#undef TRAWL_ADD_STAGE
  for (const std::string_view stage_id : kNotOffered) registry.add_not_enabled(stage_id);
}

}  // namespace trawl
