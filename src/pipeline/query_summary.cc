#include "pipeline/query_summary.h"

#include "ledger/record/input_summary.h"

namespace trawl {
namespace {

const json::string* find_query_text(const json::object& object, int depth);

const json::string* find_query_text(const json::value& value, int depth) {
  constexpr int kDepthMax = 4;
  if (depth > kDepthMax) return nullptr;
  if (const auto* object = value.if_object()) return find_query_text(*object, depth);
  const auto* array = value.if_array();
  if (array == nullptr) return nullptr;
  for (const auto& item : *array) {
    if (const auto* text = find_query_text(item, depth + 1)) return text;
  }
  return nullptr;
}

// The first text under a key "query", "text" or "value", looking inside searches. It
// belongs to the object.
const json::string* find_query_text(const json::object& object, int depth) {
  for (const auto key : {"query", "text", "value", "input", "searches", "feature_uris"}) {
    const auto* inner = object.if_contains(key);
    if (inner == nullptr) continue;
    if (const auto* text = inner->if_string()) return text;
    if (const auto* text = find_query_text(*inner, depth + 1)) return text;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> summarize_query(const BoundPipeline& bound) {
  const bool has_defaults = !bound.pipeline.input_schema.is_null();
  if (auto summary = summarize_inputs(
          bound.inputs, has_defaults ? std::string_view() : bound.inputs_text)) {
    return summary;
  }
  for (const auto& stage : bound.pipeline.stages) {
    if (!stage.definition->reads_collections) continue;
    if (const auto* text = find_query_text(stage.parameters, 0)) {
      return summary_line(view(*text));
    }
  }
  return std::nullopt;
}

}  // namespace trawl
