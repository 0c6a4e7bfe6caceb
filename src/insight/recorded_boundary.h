#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "model/execution.h"
#include "pipeline/candidate_list.h"
#include "pipeline/pipeline_run.h"

namespace trawl {

// What a stage of an execution handed on, made anew from the record.
struct RecordedBoundary {
  std::optional<CandidateList> candidates;
  std::string reason;  // Why not, where the record does not have it whole: a clause.
};

// `bound` is a pipeline that begins with the stages of the execution up to `stage`, at the
// versions of then. The candidates come with all fields, scores, ranks of searches and what
// stages wrote.
//   errors of Snapshot::get()
//   cancelled, timeout  of who asks
Result<RecordedBoundary> rebuild_boundary(const Catalog& catalog, const Corpus& corpus,
                                          const Execution& execution,
                                          const BoundPipeline& bound, std::size_t stage);

}  // namespace trawl
