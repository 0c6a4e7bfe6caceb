#include "pipeline/query_summary.h"

#include "base/text.h"

namespace trawl {
namespace {

constexpr std::size_t kSummaryCharsMax = 200;

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

std::string one_line(std::string_view text) {
  std::string out(trim(text));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return truncate_text(out, kSummaryCharsMax);
}

}  // namespace

std::optional<std::string> summarize_query(const BoundPipeline& bound) {
  const auto text_input = [&](json::string_view name) -> const json::string* {
    const auto* value = bound.inputs.if_contains(name);
    if (value == nullptr || !value->is_string() || value->get_string().empty())
      return nullptr;
    return &value->get_string();
  };
  if (const auto* query = text_input("query")) return one_line(view(*query));
  for (const auto& input : bound.inputs) {
    if (const auto* text = text_input(input.key())) return one_line(view(*text));
  }
  if (!bound.inputs.empty()) return one_line(to_json_text(bound.inputs));
  for (const auto& stage : bound.pipeline.stages) {
    if (!stage.definition->reads_collections) continue;
    if (const auto* text = find_query_text(stage.parameters, 0)) {
      return one_line(view(*text));
    }
  }
  return std::nullopt;
}

}  // namespace trawl
