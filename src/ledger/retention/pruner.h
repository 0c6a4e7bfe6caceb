#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "base/mutex.h"
#include "ledger/ledger.h"

namespace trawl {

struct PrunerOptions {
  std::uint32_t step_rows = 500;  // Deleted in one transaction; at least 1.
  // Between two steps, so that recording and lists get their turn.
  std::chrono::milliseconds step_pause{5};
};

// Takes out of the history what may not stay, in small steps on the caller's thread, which
// sleeps between them. Thread-safe; the ledger must outlive it.
class Pruner {
 public:
  // Asked between steps; true ends the run early.
  using Stop = std::function<bool()>;

  // One run of a namespace's retention.
  struct Run {
    TimeUs started_at = 0;
    std::int64_t duration_us = 0;  // With the pauses.
    PruneReport report;            // Of all steps; `more` when it was stopped.
    std::optional<Error> error;    // What ended it; the steps before it hold.
  };

  explicit Pruner(Ledger& ledger, PrunerOptions options = {})
      : ledger_(ledger), options_(options) {}

  // Applies the policy until nothing is left to take, and remembers the run. The error is
  // in the run.
  Run prune(const NamespaceId& namespace_id, const RetentionPolicy& policy, TimeUs now,
            const Stop& stop);
  // In the life of this object.
  std::optional<Run> last_run(const NamespaceId& namespace_id) const;

  struct Removal {
    std::uint64_t count = 0;
    bool more = false;  // It was stopped.
  };
  // Deletes all ended executions that match. Fails as Ledger::remove(); the message then
  // says how many are deleted already.
  Result<Removal> remove(const ExecutionFilter& filter, const Stop& stop);

 private:
  Ledger& ledger_;
  const PrunerOptions options_;
  mutable Mutex mutex_;
  std::map<NamespaceId, Run> last_runs_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl
