#pragma once

#include <functional>
#include <span>
#include <vector>

#include "pipeline/loss.h"
#include "stages/source/feature_search_parameters.h"

namespace trawl {

// Why a search did not hand on a document.
struct SearchLoss {
  const FeatureSearchParameters& parameters;
  // The collections that each search reads, or the stage where it has no searches.
  std::vector<Snapshots> searched;
  std::span<const Filter> pre_filters;
  // Makes the search once more, with other bounds and without groups and facets. No field
  // of what it finds is loaded.
  std::function<Result<CandidateList>(const FeatureSearchParameters&)> run;
  // The same of one of the searches alone, of which the parameters hold no other.
  std::function<Result<CandidateList>(const FeatureSearchParameters&, std::size_t search)>
      run_one;
};
Result<Loss> explain_search_loss(const SearchLoss& search, const LostDocument& lost);

}  // namespace trawl
