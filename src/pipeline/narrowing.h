#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/work_limit.h"
#include "model/field_set.h"
#include "pipeline/candidate_list.h"
#include "pipeline/stage.h"

// The pre_filters and post_filters of a stage, on its candidates.
namespace trawl {

// The fields that any of them reads.
FieldSet paths_of(const std::vector<Filter>& filters);

// Keeps the candidates that pass all filters, with the fields that they read loaded. Counts
// its work, one for each candidate. Errors are those of loading and of `check`.
Result<void> narrow(const std::vector<Filter>& filters, CandidateList& candidates,
                    const Checkpoint& check);

// The same of what a stage returned; warns of fields that none of it has, where nothing
// passes.
Result<void> narrow_output(const std::vector<Filter>& filters, StageOutput& output,
                           const Checkpoint& check);

// What the filters met on their way, such as values of a type that they cannot compare.
void append_warnings(const std::vector<Filter>& filters,
                     std::vector<std::string>& warnings);

}  // namespace trawl
