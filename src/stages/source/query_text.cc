#include "stages/source/query_text.h"

namespace trawl {
namespace {

const json::string* text_in(const json::object& object, int depth);

const json::string* text_in(const json::value& value, int depth) {
  constexpr int kDepthMax = 4;
  if (depth > kDepthMax) return nullptr;
  if (const auto* object = value.if_object()) return text_in(*object, depth);
  const auto* array = value.if_array();
  if (array == nullptr) return nullptr;
  for (const auto& item : *array) {
    if (const auto* text = text_in(item, depth + 1)) return text;
  }
  return nullptr;
}

const json::string* text_in(const json::object& object, int depth) {
  for (const auto key : {"query", "text", "value", "input", "searches", "feature_uris"}) {
    const auto* inner = object.if_contains(key);
    if (inner == nullptr) continue;
    if (const auto* text = inner->if_string()) return text;
    if (const auto* text = text_in(*inner, depth + 1)) return text;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> find_query_text(const json::object& parameters) {
  const auto* text = text_in(parameters, 0);
  if (text == nullptr) return std::nullopt;
  return std::string(view(*text));
}

}  // namespace trawl
