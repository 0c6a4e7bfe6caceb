#pragma once

#include <cstddef>
#include <vector>

#include "model/execution.h"
#include "pipeline/candidate_list.h"

namespace trawl {

// What a record shows of the candidates at the end of a stage. Pure functions.

// The first of them, at most `max`, whose ids were loaded.
std::vector<ScoredId> scored_ids(const CandidateList& candidates, std::size_t max);

// Adds to record.candidates, which are the first of `output`, what the stage gave to them:
// the ranks of its searches, and what it wrote, as far as that takes no more than so many
// bytes of JSON; record.written_truncated says where not. `given` is what it was given.
void note_origins(const CandidateList& given, const CandidateList& output,
                  std::size_t written_bytes_max, StageRecord& record);

}  // namespace trawl
