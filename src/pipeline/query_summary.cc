#include "pipeline/query_summary.h"

#include "ledger/record/input_summary.h"

namespace trawl {

std::optional<std::string> summarize_query(const BoundPipeline& bound) {
  const bool has_defaults = !bound.pipeline.input_schema.is_null();
  if (auto summary = summarize_inputs(
          bound.inputs, has_defaults ? std::string_view() : bound.inputs_text)) {
    return summary;
  }
  if (bound.summary_text) return summary_line(*bound.summary_text);
  return std::nullopt;
}

}  // namespace trawl
