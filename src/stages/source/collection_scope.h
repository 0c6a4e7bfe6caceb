#pragma once

#include <memory>
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
  // Those without templates, each with its place.
  std::vector<NamedCollection> named;
};

// Reads collection_identifiers, also called collection_ids. Errors stay in the reader.
CollectionScope read_collection_scope(ObjectReader& in);

// The collections of the first of these scopes that names any, or else those of the
// request; each once, in the order named.
// Fails as BindContext::find, with the location of the scope.
Result<Snapshots> bind_scope(const CollectionScope& own, const CollectionScope& wider,
                             BindContext& context);

// Whether they read the collection of that one, and of a document that they do not read,
// why it is missing.
bool reads_from(const Snapshots& snapshots, const Snapshot& snapshot);
Loss not_read(const Snapshot& snapshot);

}  // namespace trawl
