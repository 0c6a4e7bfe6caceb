#include "ledger/retention/pruner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/counted.h"
#include "runtime/waiting.h"

namespace trawl {
namespace {

void add_step(PruneReport& sum, const PruneReport& step) {
  sum.by_age += step.by_age;
  sum.by_count += step.by_count;
  sum.by_bytes += step.by_bytes;
  sum.bytes += step.bytes;
  if (step.oldest && (!sum.oldest || *step.oldest < *sum.oldest)) sum.oldest = step.oldest;
  if (step.newest && (!sum.newest || *step.newest > *sum.newest)) sum.newest = step.newest;
  sum.more = step.more;
}

// Lets commits pass between the steps.
void pause(std::chrono::milliseconds time) {
  const Waiting waiting;
  std::this_thread::sleep_for(time);
}

}  // namespace

Pruner::Run Pruner::prune(const NamespaceId& namespace_id, const RetentionPolicy& policy,
                          TimeUs now, const Stop& stop) {
  Run run;
  run.started_at = now;
  const std::int64_t begin_us = monotonic_us();
  while (!policy.empty()) {
    const auto step = ledger_.prune(namespace_id, policy, now, options_.step_rows);
    if (!step) {
      run.error = step.error();
      break;
    }
    add_step(run.report, *step);
    if (!step->more || (stop && stop())) break;
    pause(options_.step_pause);
  }
  run.duration_us = monotonic_us() - begin_us;
  const MutexLock lock(mutex_);
  last_runs_[namespace_id] = run;
  return run;
}

std::optional<Pruner::Run> Pruner::last_run(const NamespaceId& namespace_id) const {
  const MutexLock lock(mutex_);
  const auto found = last_runs_.find(namespace_id);
  return found == last_runs_.end() ? std::nullopt : std::optional<Run>(found->second);
}

Result<Pruner::Removal> Pruner::remove(const ExecutionFilter& filter, const Stop& stop) {
  Removal removal;
  while (true) {
    auto removed = ledger_.remove(filter, options_.step_rows);
    if (!removed) {
      Error error = std::move(removed).error();
      error.message += fmt::format("; of this request {} had been deleted before",
                                   counted(removal.count, "execution"));
      return error;
    }
    removal.count += *removed;
    if (*removed < options_.step_rows) return removal;
    if (stop && stop()) {
      removal.more = true;
      return removal;
    }
    pause(options_.step_pause);
  }
}

}  // namespace trawl
