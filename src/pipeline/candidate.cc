#include "pipeline/candidate.h"

#include "base/field_path.h"
#include "base/work_limit.h"

namespace trawl {

json::object& Candidate::edit() {
  count_work(8 * (fields->size() + 1));
  auto copy = std::make_shared<json::object>(*fields);
  json::object& writable = *copy;
  fields = std::move(copy);
  return writable;
}

const json::value* Candidate::find(std::string_view path, json::value& scratch) const {
  // Without a score of its own a document may have a field of that name.
  if (path == "score" && score) {
    scratch = *score;
    return &scratch;
  }
  if (path == "document_id" || path == "collection_id") {
    const std::string& id = path == "document_id" ? document_id : collection_id;
    if (!id.empty()) {
      scratch.emplace_string().assign(id.data(), id.size());
      return &scratch;
    }
  }
  return find_path(*fields, path);
}

json::object to_json(const Candidate& candidate) {
  json::object out;
  out.reserve(candidate.fields->size() + 3);
  if (!candidate.document_id.empty()) out["document_id"] = candidate.document_id;
  if (!candidate.collection_id.empty()) out["collection_id"] = candidate.collection_id;
  for (const auto& field : *candidate.fields) out[field.key()] = field.value();
  // Rows that a stage made have a score only if one was given.
  if (candidate.score || !candidate.document_id.empty()) {
    out["score"] = candidate.score.value_or(0.0);
  }
  return out;
}

}  // namespace trawl
