#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// Parts of a record, cut out of its JSON. Lists of candidates may be nearly all of hundreds
// of megabytes, so nothing is parsed but what has to be stepped over.
namespace trawl {

// Places in a list, from 0; `end` is the first that is left out.
struct PlaceRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// `detail`, which execution_detail_json() made, with no more than these places of
// `candidates` of each stage and of `results`. Behind each of these lists it says how long
// the record has it: `candidates_total`, `results_total`.
//   storage  it is not what execution_detail_json() makes
Result<std::string> with_candidates(std::string_view detail, PlaceRange range);

// What one stage handed on.
struct StageCandidates {
  std::size_t stage_index = 0;  // From 0.
  std::string stage_name;       // As JSON.
  std::string candidates;       // JSON objects, joined by commas: those of the range.
  std::size_t total = 0;        // How many the record has.
  bool truncated = false;       // Whether the stage handed on more than that.
};
struct FoundStage {
  std::optional<StageCandidates> stage;
  std::string names;  // Of all stages as JSON texts, joined by commas.
};
// Of the stage of that name, the first where several have it; else, where it is a number,
// of the one in that place, from 0.
//   storage  as above
Result<FoundStage> stage_candidates(std::string_view detail, std::string_view stage,
                                    PlaceRange range);

}  // namespace trawl
