#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/work_limit.h"
#include "model/field_set.h"
#include "pipeline/candidate_list.h"

namespace trawl {

// What is said of fields that a stage rests on, and that no document has: a misspelt path
// sorts, groups and filters as if there were nothing. Each function adds a warning for each
// such field, with the name of a field that is there and near. What the server itself adds
// to documents (model/engine_fields.h) is not looked for.

// Looks at all candidates, of which these fields are loaded.
//   errors of CandidateList::load(), and of `check`
Result<void> warn_of_absent_fields(const CandidateList& candidates, const FieldSet& fields,
                                   const Checkpoint& check,
                                   std::vector<std::string>& warnings);

// For a filter that a search applied and that let nothing through: looks at the first few
// hundred documents of the collections.
//   errors of Snapshot::scan(), and as above
Result<void> warn_of_fields_of_filter(
    std::span<const std::shared_ptr<const Snapshot>> snapshots, const FieldSet& fields,
    const Checkpoint& check, std::vector<std::string>& warnings);

}  // namespace trawl
