#include "model/internal_fields.h"

#include <utility>

#include "base/field_path.h"
#include "model/engine_fields.h"

namespace trawl {

json::object internal_json(const InternalFields& internal) {
  json::object out{{"document_id", text_value(internal.document_id)},
                   {"collection_id", text_value(internal.collection_id)}};
  if (!internal.namespace_id.empty())
    out["namespace_id"] = text_value(internal.namespace_id);
  out["created_at"] = format_time(internal.created_at);
  out["updated_at"] = format_time(internal.updated_at);
  return out;
}

bool is_internal_path(std::string_view path) {
  constexpr std::string_view kName = engine_field::kInternal;
  return path.starts_with(kName) &&
         (path.size() == kName.size() || path[kName.size()] == '.');
}

const json::value* internal_value(const InternalFields& internal, std::string_view path,
                                  json::value& scratch) {
  json::object all = internal_json(internal);
  if (path == engine_field::kInternal) {
    scratch = std::move(all);
    return &scratch;
  }
  const auto* found = find_path(all, path.substr(engine_field::kInternal.size() + 1));
  if (found == nullptr) return nullptr;
  scratch = *found;
  return &scratch;
}

}  // namespace trawl
