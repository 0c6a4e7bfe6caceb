#include "stages/register_stages.h"

#include "stages/definitions.h"

namespace trawl {

// To add a stage: write stages/KIND/NAME.cc, and a line in definitions.h.
void register_stages(StageRegistry& registry) {
#define TRAWL_ADD_STAGE(name) registry.add(name##_definition());
  TRAWL_STAGES(TRAWL_ADD_STAGE)
#undef TRAWL_ADD_STAGE

  // Ids that older clients and examples send.
  registry.add_alias("knn_search", "feature_search");
  registry.add_alias("semantic_search", "feature_search");
  registry.add_alias("hybrid_search", "feature_search");
  registry.add_alias("feature_filter", "feature_search");
  registry.add_alias("structured_filter", "attribute_filter");
  registry.add_alias("sort_by_field", "sort_attribute");
  registry.add_alias("llm_enrichment", "llm_enrich");

  // Stages of the contract that answer NotEnabledError instead of "no such stage".
  registry.add_not_enabled("llm_filter");
  registry.add_not_enabled("query_expand");
  registry.add_not_enabled("agent_search");
  registry.add_not_enabled("score_filter");
  registry.add_not_enabled("mmr");
  registry.add_not_enabled("rerank");
  registry.add_not_enabled("score_normalize");
  registry.add_not_enabled("summarize");
  registry.add_not_enabled("cluster");
  registry.add_not_enabled("moment_group");
  registry.add_not_enabled("temporal");
  registry.add_not_enabled("score_threshold");
  registry.add_not_enabled("json_transform");
  registry.add_not_enabled("rag_prepare");
  registry.add_not_enabled("unwind");
  registry.add_not_enabled("cross_compare");
  registry.add_not_enabled("api_call");
  registry.add_not_enabled("sql_lookup");
  registry.add_not_enabled("external_web_search");
  registry.add_not_enabled("web_scrape");
  registry.add_not_enabled("code_execution");
  registry.add_not_enabled("document_enrich");
  registry.add_not_enabled("llm_enrich");
  registry.add_not_enabled("taxonomy_enrich");
  registry.add_not_enabled("agentic_enrich");
}

}  // namespace trawl
