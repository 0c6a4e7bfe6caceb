#include "stages/source/collection_scope.h"

#include <fmt/format.h>

#include <algorithm>

namespace trawl {

CollectionScope read_collection_scope(ObjectReader& in) {
  CollectionScope scope;
  scope.location = in.location_of("collection_identifiers");
  for (const std::string_view name : {"collection_identifiers", "collection_ids"}) {
    const auto* value =
        in.source().if_contains(json::string_view(name.data(), name.size()));
    const auto* list = value == nullptr ? nullptr : value->if_array();
    if (list == nullptr) continue;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const json::value& item = (*list)[i];
      if (!item.is_string() || in.is_template(item)) continue;
      scope.named.push_back({std::string(view(item.get_string())),
                             fmt::format("{}[{}]", in.location_of(name), i)});
    }
  }
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
                             BindContext& context) {
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
    auto bound = context.find(identifier);
    if (!bound) {
      Error error = std::move(bound).error();
      if (error.location.empty()) error.location = scope.location;
      return error;
    }
    add(*bound);
  }
  return out;
}

bool reads_from(const Snapshots& snapshots, const Snapshot& snapshot) {
  return std::any_of(snapshots.begin(), snapshots.end(), [&](const auto& each) {
    return each->collection().id == snapshot.collection().id;
  });
}

Loss not_read(const Snapshot& snapshot) {
  Loss out;
  out.reason = "not_searched";
  out.sentence = fmt::format("the stage does not read its collection '{}'",
                             snapshot.collection().name);
  out.evidence = {{"collection_id", snapshot.collection().id.str()}};
  return out;
}

}  // namespace trawl
