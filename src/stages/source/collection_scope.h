#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/object_reader.h"
#include "pipeline/stage.h"

namespace trawl {

using Snapshots = std::vector<std::shared_ptr<const Snapshot>>;

// The collections that a stage or one of its searches names for itself.
struct CollectionScope {
  std::vector<std::string> identifiers;  // Names or ids; empty for the wider scope.
  std::string location;
  bool unknown = false;  // Templates stand in it.
};

// Reads collection_identifiers, also called collection_ids. Errors stay in the reader.
CollectionScope read_collection_scope(ObjectReader& in);

// The collections of the first of these scopes that names any, or else those of the
// request; each once, in the order named.
// Fails as StageContext::bind, with the location of the scope.
Result<Snapshots> bind_scope(const CollectionScope& own, const CollectionScope& wider,
                             StageContext& context);

// The rows of a snapshot that pass all filters of these lists; null where there is no
// filter. Fails as Snapshot::matching().
Result<std::shared_ptr<const Bitmap>> matching_all(
    const Snapshot& snapshot, std::initializer_list<std::span<const Filter>> filters,
    const Checkpoint& check);

// A document of a collection on its way into the stages.
Candidate to_candidate(const std::string& collection_id, Document&& document);

}  // namespace trawl
