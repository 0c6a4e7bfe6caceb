#pragma once

#include <vector>

#include "pipeline/candidate_list.h"
#include "pipeline/stage.h"
#include "stages/source/feature_search_bind.h"
#include "stages/source/feature_search_parameters.h"
#include "stages/source/feature_search_standing.h"

namespace trawl {

// What a run of feature_search does. `searches` are those of `parameters`, one for each;
// `snapshots` are what is read where there are none. Fails as the searches of a snapshot,
// the providers and the checks of the run do. Thread-safe; nothing is kept of the
// arguments.

// The whole of it, with its warnings, facets and groups.
Result<StageOutput> run_search(const FeatureSearchParameters& parameters,
                               const Snapshots& snapshots,
                               const std::vector<BoundSearch>& searches, StageRun& run);

// The documents, their scores and where the searches have them, for who reads nothing
// else: not a field is loaded, however many are found, and nothing is warned of.
Result<CandidateList> rank_search(const FeatureSearchParameters& parameters,
                                  const Snapshots& snapshots,
                                  const std::vector<BoundSearch>& searches, StageRun& run);

// What the searches find, before that is fused.
Result<SearchedLists> search_lists(const FeatureSearchParameters& parameters,
                                   const Snapshots& snapshots,
                                   const std::vector<BoundSearch>& searches, StageRun& run);

}  // namespace trawl
