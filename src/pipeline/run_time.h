#pragma once

#include <cstdint>

#include "base/result.h"
#include "pipeline/pipeline_run.h"
#include "runtime/deadline.h"

namespace trawl {

// The time that a run may take: by its budget_limits, and by the server.
class RunTime {
 public:
  // Both must outlive it. `started_us` is monotonic_us() when the run began.
  RunTime(const BoundPipeline& bound, const RunOptions& options, std::int64_t started_us)
      : bound_(bound), options_(options), started_us_(started_us) {}

  // `used_us` since the run began.
  //   budget_exhausted
  Result<void> check(std::int64_t used_us) const;
  // The instant at which check() begins to refuse.
  Deadline deadline() const;

 private:
  const BoundPipeline& bound_;
  const RunOptions& options_;
  const std::int64_t started_us_;
};

}  // namespace trawl
