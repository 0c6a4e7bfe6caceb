#include "insight/replay_jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/counted.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "base/work_limit.h"
#include "insight/comparison.h"
#include "insight/diff.h"
#include "runtime/guarded.h"
#include "runtime/waiting.h"

namespace trawl {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kJobPrefix = "job_";
constexpr milliseconds kTurn{1'000};
constexpr std::size_t kTurnItems = 256;
constexpr milliseconds kLook{1};  // Between two looks whether it is quiet.
constexpr milliseconds kCancelWait{5'000};
constexpr milliseconds kStoreWait{5'000};  // Before what failed is written again.
constexpr milliseconds kRecorderWait{20};  // Where its queue is full.
// Of a replay that ran into a limit of time, as it may behind others.
constexpr int kAttempts = 3;
constexpr std::int64_t kItemMs = 60'000;  // To prepare one and to compare.
constexpr std::size_t kMessageChars = 300;

Error no_such_job(std::string_view id) {
  return make_error(ErrorCode::not_found,
                    fmt::format("there is no job '{}' in this namespace",
                                truncate_text(std::string(id), 100)));
}

ReplayOutcome outcome_of(ErrorCode code) {
  return code == ErrorCode::gone || code == ErrorCode::not_found ? ReplayOutcome::gone
                                                                 : ReplayOutcome::failed;
}

void note_error(const Error& error, ReplayJobItem& item) {
  item.outcome = outcome_of(error.code);
  item.error_type = error_code_name(error.code);
  item.message = truncate_text(error.message, kMessageChars);
}

void note_comparison(const Execution& original, const Execution& again,
                     ReplayJobItem& item) {
  const auto found = first_difference(original, again);
  item.outcome = found ? ReplayOutcome::changed : ReplayOutcome::identical;
  if (!found) return;
  item.stage_name = found->stage_name;
  item.what = found->what;
  item.rank = found->rank;
  item.cause = cause_of_difference(original, again).cause;
  const ListDiff results = diff_results(original, again);
  item.overlap_at_10 = results.overlap_at_10;
  item.rbo = results.rbo;
  item.entered = results.entered_count;
  item.left = results.left_count;
  item.moved = results.moved_count;
  item.results_changed =
      results.entered_count + results.left_count + results.moved_count > 0 ||
      results.count_before != results.count_after ||
      original.summary.status != again.summary.status;
}

// Whether it failed where the original did not, and took as long as its own limit lets it.
bool ran_out_of_time(const Execution& original, const PreparedReplay& prepared,
                     const Execution& again, const RunResult& result) {
  const auto limit = prepared.bound.pipeline.budget.max_time_ms;
  return limit && again.summary.status == status::kFailed &&
         original.summary.status != status::kFailed &&
         result.time_used_us >= *limit * 1'000;
}

}  // namespace

ReplayJobs::ReplayJobs(const ReplayJobParts& parts, std::unique_ptr<ReplayJobStore> store,
                       ReplayJobLimits limits, Allowed allowed)
    : parts_(parts),
      store_(std::move(store)),
      limits_(limits),
      allowed_(std::move(allowed)),
      replayer_(parts.catalog, parts.corpus, parts.ledger, parts.runner, parts.stages) {}

ReplayJobs::~ReplayJobs() {
  stop();
}

Result<void> ReplayJobs::begin() {
  forget_deleted_namespaces();
  TRAWL_ASSIGN(auto unfinished, store_->unfinished());
  {
    const MutexLock lock(mutex_);
    for (ReplayJob& job : unfinished) {
      if (job.status == ReplayJobStatus::running) ++job.interruptions;
      ++of_key_[job.key_id];
      active_.push_back(std::make_shared<Active>(Active{std::move(job), 0, false}));
    }
  }
  thread_ = start_thread("replay jobs", [this] { run(); });
  return {};
}

void ReplayJobs::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    if (current_) current_->request_stop(StopReason::server_stopping);
  }
  changed_.notify_all();
  thread_.join();
}

// --- for those who ask -----------------------------------------------------------------

Result<ReplayJob> ReplayJobs::start(ReplayJob wanted, const ExecutionFilter& filter) {
  {
    const MutexLock lock(mutex_);
    std::size_t& of_key = of_key_[wanted.key_id];
    if (of_key >= limits_.per_key_max) {
      return make_error(ErrorCode::too_many_requests,
                        fmt::format("this key has {} that {} not ended, as many as it may "
                                    "(jobs.per_key_max); wait, or cancel one",
                                    counted(of_key, "job"), of_key == 1 ? "has" : "have"));
    }
    ++of_key;
  }
  // Gives the place back where no job comes of it.
  struct Place {
    ReplayJobs& jobs;
    const std::string key;
    bool taken = false;
    ~Place() {
      if (taken) return;
      const MutexLock lock(jobs.mutex_);
      if (--jobs.of_key_[key] == 0) jobs.of_key_.erase(key);
    }
  } place{*this, wanted.key_id};

  std::vector<ExecutionId> executions;
  ScanRequest request;
  TRAWL_TRY(parts_.ledger.scan(filter, request,
                               [&](const ScannedExecution& found) -> Result<bool> {
                                 if (found.execution.summary.status == status::kProcessing)
                                   return true;
                                 executions.push_back(found.execution.summary.execution_id);
                                 return executions.size() <= limits_.executions_max;
                               }));
  if (executions.size() > limits_.executions_max) {
    return invalid_at(
        "executions",
        fmt::format("more than {} executions match, as many as a job may have "
                    "(jobs.executions_max); narrow the conditions",
                    limits_.executions_max));
  }
  wanted.created = parts_.clock.now();
  wanted.id = make_sortable_id(kJobPrefix, wanted.created);
  wanted.status = ReplayJobStatus::queued;
  wanted.total = executions.size();
  TRAWL_TRY(store_->add(wanted, executions));
  TRAWL_TRY(store_->keep_newest(wanted.namespace_id, limits_.kept_max));
  {
    const MutexLock lock(mutex_);
    active_.push_back(std::make_shared<Active>(Active{wanted, 0, false}));
    place.taken = true;
  }
  changed_.notify_all();
  return wanted;
}

std::shared_ptr<ReplayJobs::Active> ReplayJobs::find_active(const NamespaceId& ns,
                                                            std::string_view id) const {
  for (const auto& active : active_) {
    if (active->job.id == id && active->job.namespace_id == ns) return active;
  }
  return nullptr;
}

Result<std::vector<ReplayJob>> ReplayJobs::list(const NamespaceId& ns) const {
  TRAWL_ASSIGN(auto jobs, store_->list(ns));
  const MutexLock lock(mutex_);
  for (ReplayJob& job : jobs) {
    if (const auto active = find_active(ns, job.id)) job = active->job;
  }
  return jobs;
}

Result<ReplayJob> ReplayJobs::find(const NamespaceId& ns, std::string_view id) const {
  {
    const MutexLock lock(mutex_);
    if (const auto active = find_active(ns, id)) return active->job;
  }
  TRAWL_ASSIGN(auto found, store_->find(ns, id));
  if (!found) return no_such_job(id);
  return std::move(*found);
}

Result<ReplayJob> ReplayJobs::wait_for_change(const ReplayJob& seen, int ms_max) const {
  const auto until = steady_clock::now() + milliseconds(ms_max);
  {
    MutexLock lock(mutex_);
    while (!stopping_) {
      const auto active = find_active(seen.namespace_id, seen.id);
      if (active == nullptr || active->job.done() != seen.done() ||
          active->job.status != seen.status || !changed_.wait_until(lock, until)) {
        break;
      }
    }
  }
  return find(seen.namespace_id, seen.id);
}

Result<ReplayJob> ReplayJobs::cancel(const NamespaceId& ns, std::string_view id) {
  {
    const Waiting waiting;
    MutexLock lock(mutex_);
    const auto active = find_active(ns, id);
    if (active != nullptr) {
      active->cancelled = true;
      if (current_ && current_job_ == active) {
        current_->request_stop(StopReason::client_left);
      }
      changed_.notify_all();
      const auto until = steady_clock::now() + kCancelWait;
      while (!stopping_ && find_active(ns, id) != nullptr &&
             changed_.wait_until(lock, until)) {
      }
    }
  }
  return find(ns, id);
}

Result<void> ReplayJobs::remove(const NamespaceId& ns, std::string_view id) {
  TRAWL_ASSIGN(const ReplayJob job, find(ns, id));
  if (!job.has_ended()) {
    return make_error(ErrorCode::already_exists,
                      fmt::format("the job '{}' has not ended; cancel it first", job.id));
  }
  return store_->remove(ns, id);
}

void ReplayJobs::forget_deleted_namespaces() {
  const auto known = store_->namespaces();
  if (!known) return;
  for (const NamespaceId& ns : *known) {
    const auto there = parts_.catalog.find_namespace(ns.str());
    // Who cannot tell forgets nothing.
    if (there || there.error().code != ErrorCode::not_found) continue;
    {
      const MutexLock lock(mutex_);
      for (const auto& active : active_) {
        if (active->job.namespace_id != ns) continue;
        active->cancelled = true;
        if (current_ && current_job_ == active) {
          current_->request_stop(StopReason::client_left);
        }
      }
    }
    if (const auto removed = store_->remove_namespace(ns); !removed) {
      spdlog::error("the jobs of a deleted namespace cannot be removed yet: {} ({})",
                    removed.error().message, removed.error().detail);
    }
  }
  changed_.notify_all();
}

// --- on the thread ---------------------------------------------------------------------

void ReplayJobs::run() {
  give_way_to_other_threads();
  while (const auto active = next_turn()) {
    const Thrown thrown =
        run_guarded("a turn of a job of replays", [&] { take_turn(active); });
    if (thrown == Thrown::nothing) continue;
    MutexLock lock(mutex_);
    const auto until = steady_clock::now() + kStoreWait;
    while (!stopping_ && changed_.wait_until(lock, until)) {
    }
  }
}

std::shared_ptr<ReplayJobs::Active> ReplayJobs::next_turn() {
  MutexLock lock(mutex_);
  while (!stopping_ && active_.empty()) changed_.wait(lock);
  if (stopping_) return nullptr;
  active_.splice(active_.end(), active_, active_.begin());
  return active_.back();
}

bool ReplayJobs::should_end(const Active& active) const {
  const MutexLock lock(mutex_);
  return stopping_ || active.cancelled;
}

void ReplayJobs::take_turn(const std::shared_ptr<Active>& active) {
  ReplayJob job;
  {
    const MutexLock lock(mutex_);
    if (active->job.status == ReplayJobStatus::queued) {
      active->job.status = ReplayJobStatus::running;
      active->job.started = parts_.clock.now();
    }
    job = active->job;
  }
  changed_.notify_all();
  if (should_end(*active)) return end(active, ReplayJobStatus::cancelled);
  if (const auto allowed = allowed_(job); !allowed) {
    return end(active, ReplayJobStatus::failed, allowed.error().message);
  }
  ReplayJobStore::ItemRequest request;
  request.pending = true;
  request.from_place = active->next_place;
  request.limit = kTurnItems;
  auto pending = store_->items(job.id, request);
  if (!pending) {
    // Its namespace was deleted, or the disk refuses.
    if (pending.error().code == ErrorCode::not_found) {
      return end(active, ReplayJobStatus::cancelled);
    }
    spdlog::error("the job of replays {} cannot be read: {} ({})", job.id,
                  pending.error().message, pending.error().detail);
    return end(active, ReplayJobStatus::failed, pending.error().message);
  }
  if (pending->empty()) return end(active, ReplayJobStatus::completed);
  std::vector<ReplayJobItem> done;
  const auto until = steady_clock::now() + kTurn;
  for (ReplayJobItem& item : *pending) {
    auto ran = run_item(active, std::move(item));
    if (!ran) break;
    {
      const MutexLock lock(mutex_);
      ++active->job.by_outcome[static_cast<std::size_t>(*ran->outcome)];
      if (ran->results_changed) ++active->job.results_changed;
      active->next_place = ran->place + 1;
    }
    changed_.notify_all();
    done.push_back(std::move(*ran));
    if (steady_clock::now() >= until) break;
  }
  MutexLock lock(mutex_);
  job = active->job;
  lock.unlock();
  (void)save(job, done);
}

// What was done is not lost where the disk is full for a while. False where the server
// stops before it can be written.
bool ReplayJobs::save(const ReplayJob& job, const std::vector<ReplayJobItem>& done) {
  for (bool told = false;; told = true) {
    const auto saved = store_->save(job, done);
    if (saved || saved.error().code == ErrorCode::not_found) return true;
    if (!told) {
      spdlog::error("what came out of the job of replays {} cannot be kept yet: {} ({})",
                    job.id, saved.error().message, saved.error().detail);
    }
    MutexLock lock(mutex_);
    const auto until = steady_clock::now() + kStoreWait;
    while (!stopping_ && changed_.wait_until(lock, until)) {
    }
    if (stopping_) return false;
  }
}

// A server that stops ends no job: it goes on when it starts again. Nobody is told of an
// end that is not on disk.
void ReplayJobs::end(const std::shared_ptr<Active>& active, ReplayJobStatus status,
                     std::string error) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  ReplayJob job = active->job;
  lock.unlock();
  job.status = status;
  job.ended = parts_.clock.now();
  job.error = std::move(error);
  if (!save(job, {})) return;
  lock.lock();
  std::erase(active_, active);
  if (--of_key_[job.key_id] == 0) of_key_.erase(job.key_id);
  lock.unlock();
  changed_.notify_all();
}

void ReplayJobs::wait_for_quiet(const Active& active) {
  const auto until = steady_clock::now() + milliseconds(kQuietWaitMs);
  while (steady_clock::now() < until) {
    const WorkerPool::Metrics now = parts_.workers.metrics();
    if (now.running + now.queued == 0) return;
    MutexLock lock(mutex_);
    if (stopping_ || active.cancelled) return;
    (void)changed_.wait_until(lock, steady_clock::now() + kLook);
  }
}

// Nothing where it was ended from outside: then it is as if it had not begun.
std::optional<ReplayJobItem> ReplayJobs::run_item(const std::shared_ptr<Active>& active,
                                                  ReplayJobItem item) {
  wait_for_quiet(*active);
  StopToken stop;
  ReplayJob job;
  {
    const MutexLock lock(mutex_);
    if (stopping_ || active->cancelled) return std::nullopt;
    current_.emplace();
    current_job_ = active;
    stop = current_->token();
    job = active->job;
  }
  Result<void> replayed;
  const Thrown thrown =
      run_guarded("a replay of a job", [&] { replayed = replay(job, stop, item); });
  {
    const MutexLock lock(mutex_);
    current_.reset();
    current_job_.reset();
  }
  if (stop.stop_requested()) return std::nullopt;
  if (thrown != Thrown::nothing) {
    note_error(error_of(thrown), item);
  } else if (!replayed) {
    note_error(replayed.error(), item);
  }
  return item;
}

// Waits where the recorder's queue is full: others go first.
Result<std::optional<Recorder::Ticket>> ReplayJobs::admit(const ReplayJob& job,
                                                          const Checkpoint& check) {
  std::optional<Recorder::Ticket> out;
  if (!job.record) return out;
  while (true) {
    auto ticket = parts_.recorder.admit();
    if (ticket) {
      out.emplace(std::move(*ticket));
      return out;
    }
    if (ticket.error().code != ErrorCode::unavailable) return ticket.error();
    TRAWL_TRY(check());
    MutexLock lock(mutex_);
    (void)changed_.wait_until(lock, steady_clock::now() + kRecorderWait);
  }
}

Result<void> ReplayJobs::record(Execution execution,
                                std::optional<Recorder::Ticket> ticket) {
  if (!ticket) return {};
  // Outlives this call where the writer is still about to leave `done`.
  struct Written {
    Mutex mutex;
    CondVar ended;
    std::optional<AppendOutcome> outcome;
  };
  const auto written = std::make_shared<Written>();
  parts_.recorder.finish(std::move(*ticket), std::move(execution),
                         [written](AppendOutcome outcome) {
                           const MutexLock lock(written->mutex);
                           written->outcome = std::move(outcome);
                           written->ended.notify_all();
                         });
  MutexLock lock(written->mutex);
  while (!written->outcome) written->ended.wait(lock);
  if (!*written->outcome) return written->outcome->error();
  return {};
}

Result<void> ReplayJobs::replay(const ReplayJob& job, const StopToken& stop,
                                ReplayJobItem& item) {
  const std::int64_t begun_us = monotonic_us();
  const Checkpoint check = [&]() -> Result<void> {
    if (stop.stop_requested()) return make_error(ErrorCode::cancelled, "it was cancelled");
    if (monotonic_us() - begun_us < kItemMs * 1'000) return {};
    return make_error(ErrorCode::timeout,
                      fmt::format("it took longer than {} seconds", kItemMs / 1'000));
  };
  Execution original;
  PreparedReplay prepared;
  TRAWL_TRY(bounded(check, [&]() -> Result<void> {
    TRAWL_ASSIGN(auto found, parts_.ledger.find(job.namespace_id, item.execution_id));
    if (!found) {
      return make_error(ErrorCode::gone, "the execution is no longer in the history");
    }
    original = std::move(*found);
    TRAWL_ASSIGN(prepared, replayer_.prepare(original, job.request));
    // What is remembered is for those who wait.
    prepared.bound.use_cache = false;
    return {};
  }));
  TRAWL_ASSIGN(auto ticket, admit(job, check));
  Execution again;
  for (int attempt = 1;; ++attempt) {
    again = Execution();
    again.summary.timestamp = parts_.clock.now();
    again.summary.execution_id = make_execution_id(again.summary.timestamp);
    describe_replay(original, again);
    again.caller_key_id = job.key_id;
    again.request_id = job.id;
    parts_.runner.describe(prepared.bound, again);
    RunRequest run;
    run.stop = stop;
    run.replay = prepared.replay ? &*prepared.replay : nullptr;
    const RunResult result = parts_.runner.run(prepared.bound, again, run);
    TRAWL_TRY(check());
    if (attempt == kAttempts || !ran_out_of_time(original, prepared, again, result)) break;
  }
  TRAWL_TRY(bounded(check, [&]() -> Result<void> {
    note_comparison(original, again, item);
    return {};
  }));
  if (ticket) item.replay_id = again.summary.execution_id;
  return record(std::move(again), std::move(ticket));
}

}  // namespace trawl
