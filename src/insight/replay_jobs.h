#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/work_limit.h"
#include "insight/replay.h"
#include "insight/replay_job.h"
#include "insight/replay_job_store.h"
#include "ledger/record/recorder.h"
#include "runtime/stop.h"
#include "runtime/thread.h"
#include "runtime/worker_pool.h"

namespace trawl {

struct ReplayJobLimits {
  std::size_t per_key_max = 2;           // Jobs of one key that have not ended.
  std::size_t executions_max = 100'000;  // Of one job.
  std::size_t kept_max = 100;            // Jobs of a namespace that have ended.
};

// What jobs work with. All must outlive them.
struct ReplayJobParts {
  Catalog& catalog;
  Corpus& corpus;
  Ledger& ledger;
  Recorder& recorder;
  const PipelineRunner& runner;  // One that uses no other thread.
  const StageRegistry& stages;
  const WorkerPool& workers;  // Of what somebody waits for.
  Clock& clock;
};

// Runs jobs of replays, an execution at a time, on one thread, which the system lets run
// when nothing else wants to, and which begins none while a worker runs a task (but one
// every kQuietWaitMs at least). Jobs take turns of about a second. What is done is kept
// every second, and goes on from there after a restart or a crash. Thread-safe.
class ReplayJobs {
 public:
  static constexpr int kQuietWaitMs = 250;

  // Whether the key of a job may still read; asked before each turn. An error ends the job.
  using Allowed = std::function<Result<void>(const ReplayJob& job)>;

  // Nothing runs before begin().
  ReplayJobs(const ReplayJobParts& parts, std::unique_ptr<ReplayJobStore> store,
             ReplayJobLimits limits, Allowed allowed);
  ~ReplayJobs();  // As stop().
  ReplayJobs(const ReplayJobs&) = delete;
  ReplayJobs& operator=(const ReplayJobs&) = delete;

  // Goes on with what is not finished.
  //   throws std::system_error when the system has no thread left
  Result<void> begin();
  // Ends the replay that runs, which will be made again. Idempotent.
  void stop();

  // Makes a job of the executions that match and have ended, newest first. `wanted` has
  // namespace, key, conditions, request and record. Counts its work as Ledger::scan().
  //   too_many_requests  the key has as many as it may
  //   invalid            more match than a job may have
  //   and what Ledger::scan() returns
  Result<ReplayJob> start(ReplayJob wanted, const ExecutionFilter& filter);
  // As it is now, with what is not kept yet.
  Result<std::vector<ReplayJob>> list(const NamespaceId& ns) const;  // Newest first.
  //   not_found
  Result<ReplayJob> find(const NamespaceId& ns, std::string_view id) const;
  // Ends a job, if it has not ended, and waits for that a few seconds.
  //   not_found
  Result<ReplayJob> cancel(const NamespaceId& ns, std::string_view id);
  // Forgets a job that has ended, and its report.
  //   not_found
  //   already_exists  it has not ended
  Result<void> remove(const NamespaceId& ns, std::string_view id);
  // Of what is kept; a second behind.
  Result<ReplayJobReport> report(const ReplayJob& job) const { return store_->report(job); }
  Result<std::vector<ReplayJobItem>> items(
      std::string_view id, const ReplayJobStore::ItemRequest& request) const {
    return store_->items(id, request);
  }
  // Waits until a job has another number of done executions or another status than was
  // seen, at most so long.
  Result<ReplayJob> wait_for_change(const ReplayJob& seen, int ms_max) const;

  Result<void> try_write() { return store_->try_write(); }

  // Ends and forgets the jobs of namespaces that are no longer there.
  void forget_deleted_namespaces();

 private:
  struct Active {
    ReplayJob job;
    std::size_t next_place = 0;
    bool cancelled = false;
  };
  using ActiveList = std::list<std::shared_ptr<Active>>;

  void run();
  std::shared_ptr<Active> next_turn();
  void take_turn(const std::shared_ptr<Active>& active);
  std::optional<ReplayJobItem> run_item(const std::shared_ptr<Active>& active,
                                        ReplayJobItem item);
  Result<void> replay(const ReplayJob& job, const StopToken& stop, ReplayJobItem& item);
  Result<void> record(Execution execution, std::optional<Recorder::Ticket> ticket);
  Result<std::optional<Recorder::Ticket>> admit(const ReplayJob& job,
                                                const Checkpoint& check);
  void wait_for_quiet(const Active& active);
  bool should_end(const Active& active) const;
  void end(const std::shared_ptr<Active>& active, ReplayJobStatus status,
           std::string error = {});
  bool save(const ReplayJob& job, const std::vector<ReplayJobItem>& done);
  std::shared_ptr<Active> find_active(const NamespaceId& ns, std::string_view id) const
      TRAWL_REQUIRES(mutex_);

  const ReplayJobParts parts_;
  const std::unique_ptr<ReplayJobStore> store_;
  const ReplayJobLimits limits_;
  const Allowed allowed_;
  const Replayer replayer_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  ActiveList active_ TRAWL_GUARDED_BY(mutex_);  // The next to have a turn first.
  std::map<std::string, std::size_t> of_key_ TRAWL_GUARDED_BY(mutex_);  // Not ended.
  std::optional<StopSource> current_ TRAWL_GUARDED_BY(mutex_);  // Of the replay that runs,
  std::shared_ptr<const Active> current_job_ TRAWL_GUARDED_BY(mutex_);  // and its job.
  bool stopping_ TRAWL_GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace trawl
