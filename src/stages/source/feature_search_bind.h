#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/stage.h"
#include "stages/source/collection_scope.h"
#include "stages/source/feature_search_parameters.h"

namespace trawl {

// A collection to search and its feature to search by.
struct SearchTarget {
  std::shared_ptr<const Snapshot> snapshot;
  std::string feature_uri;
  // Of a search by vectors: its dimension, and who embeds a text for it, where it has a
  // model.
  std::uint32_t dimension = 0;
  std::shared_ptr<const Provider> embedder;
};

// A search with what it searches: by words or by vectors.
struct BoundSearch {
  SearchSpec spec;
  std::vector<SearchTarget> targets;
  std::vector<std::string> warnings;
};

// What a search that was sent looks by in these collections: one search, or two where it
// looks by words and by vectors. Collections that have nothing to search by are left out
// with a warning.
//   invalid      no collection has the feature, or several that could be meant; or the
//   query
//                is none for it
//   not_enabled  the model that embeds its text is not on this server
Result<std::vector<BoundSearch>> bind_search(const SearchSpec& spec,
                                             const Snapshots& snapshots,
                                             const FeatureSearchParameters& parameters,
                                             const BindContext& context);

}  // namespace trawl
