#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/work_limit.h"
#include "pipeline/standing.h"
#include "stages/source/feature_search_bind.h"
#include "stages/source/feature_search_parameters.h"
#include "stages/source/fusion.h"

namespace trawl {

// What the searches of a stage found.
struct SearchedLists {
  std::vector<RankedList> lists;      // Of those that were made.
  std::vector<std::uint32_t> places;  // For each list the place of its search.
  Snapshots collections;              // RankedRow::collection is a place in these.
  // What was looked for by vectors: by the place of the search and the id of the
  // collection.
  std::map<std::pair<std::size_t, std::string>, std::vector<float>> queries;
};

// Why a document stands where it does in what a search handed on.
struct SearchStanding {
  const FeatureSearchParameters& parameters;
  std::vector<std::span<const SearchTarget>> targets;  // Of each search.
  const SearchedLists& found;
};
Result<Standing> explain_search_standing(const SearchStanding& search,
                                         const KeptDocument& kept, const Checkpoint& check);

// The parts of a score as evidence has them.
json::object score_parts_json(const ScoreParts& parts);

}  // namespace trawl
