#include "stages/source/collection_scope.h"

#include <algorithm>

namespace trawl {

CollectionScope read_collection_scope(ObjectReader& in) {
  CollectionScope scope;
  scope.location = in.location_of("collection_identifiers");
  const json::value* value = in.find({"collection_identifiers", "collection_ids"});
  if (value == nullptr) return scope;
  scope.unknown = in.is_template(*value);
  if (const auto* list = value->if_array()) {
    scope.unknown = std::any_of(list->begin(), list->end(), [&](const json::value& item) {
      return in.is_template(item);
    });
  }
  scope.identifiers = in.strings({"collection_identifiers", "collection_ids"});
  if (scope.unknown) scope.identifiers.clear();
  return scope;
}

Result<Snapshots> bind_scope(const CollectionScope& own, const CollectionScope& wider,
                             StageContext& context) {
  const CollectionScope& scope = own.identifiers.empty() ? wider : own;
  Snapshots out;
  const auto add = [&](const std::shared_ptr<const Snapshot>& snapshot) {
    const auto same = [&](const auto& other) {
      return other->collection().id == snapshot->collection().id;
    };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back(snapshot);
  };
  if (scope.identifiers.empty()) {
    for (const auto& snapshot : context.snapshots) add(snapshot);
    return out;
  }
  for (const std::string& identifier : scope.identifiers) {
    auto bound = context.bind(identifier);
    if (!bound) {
      Error error = std::move(bound).error();
      if (error.location.empty()) error.location = scope.location;
      return error;
    }
    add(*bound);
  }
  return out;
}

Result<std::shared_ptr<const Bitmap>> matching_all(
    const Snapshot& snapshot, std::initializer_list<std::span<const Filter>> filters,
    const Checkpoint& check) {
  std::shared_ptr<const Bitmap> rows;
  for (const auto list : filters) {
    for (const Filter& filter : list) {
      TRAWL_ASSIGN(auto matching, snapshot.matching(filter, check));
      if (rows == nullptr) {
        rows = std::move(matching);
        continue;
      }
      auto both = std::make_shared<Bitmap>(std::min(rows->size(), matching->size()));
      rows->for_each([&](std::uint32_t row) {
        if (row < both->size() && matching->test(row)) both->set(row);
      });
      rows = std::move(both);
    }
  }
  return rows;
}

Candidate to_candidate(const std::string& collection_id, Document&& document) {
  Candidate candidate;
  candidate.collection_id = collection_id;
  candidate.document_id = std::move(document.document_id);
  candidate.created_at = document.created_at;
  candidate.updated_at = document.updated_at;
  candidate.fields = std::make_shared<const json::object>(std::move(document.fields));
  return candidate;
}

}  // namespace trawl
