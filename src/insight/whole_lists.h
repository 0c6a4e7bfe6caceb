#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "insight/replay.h"
#include "model/execution.h"
#include "pipeline/pipeline_run.h"

namespace trawl {

// As many candidates of a stage, and results, are kept of a run that is made for their
// sake.
inline constexpr std::size_t kWholeListMax = 100'000;

// An execution with the lists that its record cut short.
struct WholeLists {
  Execution execution;    // Times, counts and all else as they were recorded.
  bool replayed = false;  // It was run again for its lists.
  std::string problem;    // Why that did not help, in a sentence; empty where it did.
};

// Runs an execution again over the documents of then where its record cut a list short;
// that is not recorded and costs nothing. What comes out must be what the record has, as
// far as it goes.
//   cancelled, timeout  the request is not wanted any more, or its time is over
//   and errors of the storage
Result<WholeLists> with_whole_lists(const Execution& execution, const Replayer& replayer,
                                    const PipelineRunner& runner,
                                    const RunRequest& request);

}  // namespace trawl
