#include "pipeline/candidate.h"

#include "base/field_path.h"
#include "base/work_limit.h"
#include "model/engine_fields.h"
#include "model/internal_fields.h"

namespace trawl {

json::object& Candidate::edit() {
  count_work(8 * (fields->size() + 1));
  auto copy = std::make_shared<json::object>(*fields);
  json::object& writable = *copy;
  fields = std::move(copy);
  return writable;
}

PathValues Candidate::values(std::string_view path, json::value& scratch) const {
  if (path == engine_field::kScore && score) {
    scratch = *score;
    return &scratch;
  }
  const bool is_document_id = path == engine_field::kDocumentId;
  if (is_document_id || path == engine_field::kCollectionId) {
    const std::string& id = is_document_id ? document_id : collection_id;
    if (!id.empty()) {
      scratch.emplace_string().assign(id.data(), id.size());
      return &scratch;
    }
  }
  if (is_internal_path(path) && !document_id.empty()) {
    return internal_value({document_id, collection_id, {}, created_at, updated_at}, path,
                          scratch);
  }
  return find_values(*fields, path);
}

const json::value* Candidate::find(std::string_view path, json::value& scratch) const {
  return values(path, scratch).as_one(scratch);
}

json::object to_json(const Candidate& candidate) {
  json::object out;
  out.reserve(candidate.fields->size() + 3);
  const auto set = [&](std::string_view name, json::value value) {
    out[json::string_view(name.data(), name.size())] = std::move(value);
  };
  if (!candidate.document_id.empty()) {
    set(engine_field::kDocumentId, json::value(candidate.document_id));
  }
  if (!candidate.collection_id.empty()) {
    set(engine_field::kCollectionId, json::value(candidate.collection_id));
  }
  for (const auto& field : *candidate.fields) out[field.key()] = field.value();
  // Rows that a stage made have a score only if one was given.
  constexpr json::string_view kScore(engine_field::kScore.data(),
                                     engine_field::kScore.size());
  if (candidate.score) {
    out[kScore] = *candidate.score;
  } else if (!candidate.document_id.empty() && !out.contains(kScore)) {
    out[kScore] = 0.0;
  }
  return out;
}

}  // namespace trawl
