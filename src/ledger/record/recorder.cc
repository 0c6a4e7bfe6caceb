#include "ledger/record/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>

#include "base/log.h"
#include "runtime/guarded.h"

namespace trawl {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

// Of the writer, until others have given some memory back.
constexpr std::chrono::milliseconds kPauseWithoutMemory(10);

std::string place_key(const Execution& execution) {
  return execution.namespace_id.str() + '\0' + execution.summary.execution_id.str();
}

bool store_failed(const Error& error) {
  return error.code == ErrorCode::storage || error.code == ErrorCode::cannot_store ||
         error.code == ErrorCode::unavailable;
}

void call(const Recorder::Done& done, AppendOutcome result) {
  if (!done) return;
  // One caller's defect must not end the thread that all others wait for.
  run_guarded("the callback of a recorded execution", [&] { done(std::move(result)); });
}

void log_failures(const std::vector<LedgerWrite>& writes,
                  const std::vector<AppendOutcome>& results) {
  for (std::size_t i = 0; i < writes.size() && i < results.size(); ++i) {
    if (results[i]) continue;
    const bool is_start = writes[i].kind == LedgerWrite::Kind::started;
    spdlog::error(
        "the {} of execution {} was not recorded: {}{}{}", is_start ? "start" : "end",
        writes[i].execution.summary.execution_id.str(), results[i].error().message,
        results[i].error().detail.empty() ? "" : ": ", results[i].error().detail);
  }
}

// Another server of a shared history may have ended them, once the lease of this one was
// out.
void log_late_ends(const std::vector<LedgerWrite>& writes,
                   const std::vector<AppendOutcome>& results) {
  for (std::size_t i = 0; i < writes.size() && i < results.size(); ++i) {
    if (writes[i].kind != LedgerWrite::Kind::finished || !results[i] ||
        *results[i] != Appended::repeated) {
      continue;
    }
    spdlog::warn("execution {} had ended in the history before this server ended it",
                 writes[i].execution.summary.execution_id.str());
  }
}

}  // namespace

Recorder::Recorder(Ledger& ledger, RecorderOptions options, RecordingPolicySource policies)
    : ledger_(ledger), options_(options), policies_(std::move(policies)) {
  writer_ = start_thread("recorder", [this] {
    while (run_guarded("the writer of executions, which goes on,", [this] { run(); }) !=
           Thrown::nothing) {
    }
  });
}

Recorder::~Recorder() {
  stop();
}

Recorder::Ticket::~Ticket() {
  if (recorder_ != nullptr) recorder_->release_ticket();
}

void Recorder::release_ticket() {
  const MutexLock lock(mutex_);
  --admitted_;
  // The writer may be waiting for the end that will not come.
  ready_.notify_one();
}

void Recorder::apply_policy(Execution& execution, RecordingMode mode) const {
  if (!policies_) return RecordingPolicy().apply(execution, mode);
  try {
    if (const auto policy = policies_(execution.namespace_id)) {
      policy->apply(execution, mode);
      return;
    }
    spdlog::warn(
        "the texts of execution {} are not recorded: the policy of its namespace is "
        "unknown",
        execution.summary.execution_id.str());
  } catch (const std::exception&) {
    // What it says may quote the execution.
    spdlog::error(
        "the texts of execution {} are not recorded: its policy cannot be applied",
        execution.summary.execution_id.str());
  }
  // Too little is recorded rather than too much.
  record_least(execution);
}

Result<std::vector<AppendOutcome>> Recorder::import(std::vector<Execution> executions) {
  std::vector<LedgerWrite> writes;
  writes.reserve(executions.size());
  for (Execution& execution : executions) {
    apply_policy(execution, RecordingMode::full);
    for (StageRecord& stage : execution.stages) {
      for (ExternalCall& call : stage.external_calls) call.answer_kept = false;
    }
    writes.push_back({LedgerWrite::Kind::imported, std::move(execution)});
    ledger_.prepare(writes.back());
  }
  return ledger_.append(writes);
}

Result<Recorder::Ticket> Recorder::admit(RecordingMode mode) {
  const MutexLock lock(mutex_);
  if (stopping_) {
    return make_error(ErrorCode::unavailable,
                      "the server is stopping and takes no new executions; try again when "
                      "it is back");
  }
  if (admitted_ >= options_.queue_max) {
    return make_error(ErrorCode::unavailable,
                      fmt::format("{} executions are running or waiting to be recorded, "
                                  "which is the most this server takes; try again shortly",
                                  admitted_));
  }
  ++admitted_;
  return Ticket(this, mode);
}

void Recorder::start(const Ticket& ticket, Execution execution) {
  apply_policy(execution, ticket.mode_);
  std::string key = place_key(execution);
  const MutexLock lock(mutex_);
  if (closed_ || start_places_.count(key) > 0) return;
  starts_.push_back({{LedgerWrite::Kind::started, std::move(execution)},
                     nullptr,
                     ++sequence_,
                     steady_clock::now()});
  start_places_.emplace(std::move(key), std::prev(starts_.end()));
  // A sleeping writer has to learn when this start is due; later ones are due later.
  if (starts_.size() == 1) ready_.notify_one();
}

void Recorder::finish(Ticket ticket, Execution execution, Done done) {
  apply_policy(execution, ticket.mode_);
  const std::string key = place_key(execution);
  LedgerWrite write{LedgerWrite::Kind::finished, std::move(execution)};
  // Here, so the one writer thread does not have to.
  ledger_.prepare(write);
  {
    const MutexLock lock(mutex_);
    if (!closed_) {
      // From here on the place in the queue belongs to the entry; see commit_batch().
      ticket.recorder_ = nullptr;
      if (const auto place = start_places_.find(key); place != start_places_.end()) {
        starts_.erase(place->second);
        start_places_.erase(place);
        drained_.notify_all();
      }
      queue_.push_back(
          {std::move(write), std::move(done), ++sequence_, steady_clock::now()});
      if (queue_.size() >= wake_at_) ready_.notify_one();
      return;
    }
  }
  call(done, make_error(ErrorCode::unavailable,
                        "the server has stopped recording; this execution is not kept"));
}

// A write waits for others only where others are likely: tickets are out, and the last
// commit was shared. It never waits for more than came last time, so that one client alone
// is not slowed down by long executions that happen to be under way.
std::size_t Recorder::batch_target() const {
  return std::max<std::size_t>(1, std::min({options_.batch_max, admitted_, last_batch_}));
}

void Recorder::wait_for_work(MutexLock& lock) {
  while (!stopping_) {
    const auto now = steady_clock::now();
    Instant look_again = Instant::max();
    wake_at_ = 1;
    if (!starts_.empty()) {
      const Entry& oldest = starts_.front();
      const Instant due = oldest.since + microseconds(options_.start_wait_us);
      if (now >= due || oldest.sequence <= flush_sequence_) return;
      look_again = due;
    }
    if (!queue_.empty()) {
      const Entry& oldest = queue_.front();
      const Instant due = oldest.since + microseconds(options_.batch_wait_us);
      wake_at_ = batch_target();
      if (queue_.size() >= wake_at_ || now >= due || oldest.sequence <= flush_sequence_) {
        return;
      }
      look_again = std::min(look_again, due);
    }
    if (look_again == Instant::max()) {
      ready_.wait(lock);
    } else {
      (void)ready_.wait_until(lock, look_again);
    }
  }
}

// Where it throws, each entry is either in the batch or where it was.
void Recorder::take_batch(std::vector<Entry>& batch) {
  const std::size_t room = std::max<std::size_t>(1, options_.batch_max);
  batch.reserve(std::min(room, starts_.size() + queue_.size()));
  const auto now = steady_clock::now();
  // Somebody waits for each end and nobody for a start, but a start must not wait for
  // ever: starts may take half of a batch, or all that the ends leave.
  const std::size_t room_for_starts =
      std::max({std::size_t{1}, room / 2, room - std::min(room, queue_.size())});
  while (!starts_.empty() && batch.size() < room_for_starts) {
    Entry& oldest = starts_.front();
    const bool due = now >= oldest.since + microseconds(options_.start_wait_us) ||
                     oldest.sequence <= flush_sequence_ || stopping_;
    if (!due) break;
    start_places_.erase(place_key(oldest.write.execution));
    batch.push_back(std::move(oldest));
    starts_.pop_front();
  }
  const std::size_t starts = batch.size();
  while (!queue_.empty() && batch.size() < room) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (batch.size() > starts) last_batch_ = batch.size() - starts;
}

void Recorder::run() {
  MutexLock lock(mutex_);
  while (true) {
    wait_for_work(lock);
    std::vector<Entry> batch;
    const Thrown thrown = run_guarded("the recorder's next batch", [&] {
      mutex_.assert_held();
      take_batch(batch);
    });
    if (batch.empty()) {
      if (thrown != Thrown::nothing) {
        lock.unlock();
        std::this_thread::sleep_for(kPauseWithoutMemory);
        lock.lock();
        continue;
      }
      if (!stopping_) continue;
      closed_ = true;
      drained_.notify_all();
      return;
    }
    committing_ = batch.front().sequence;
    for (const Entry& entry : batch) committing_ = std::min(committing_, entry.sequence);
    lock.unlock();
    commit_batch(batch);
    batch.clear();
    lock.lock();
    committing_ = 0;
    drained_.notify_all();
  }
}

Result<std::vector<AppendOutcome>> Recorder::append_writes(std::span<LedgerWrite> writes) {
  try {
    return ledger_.append(writes);
  } catch (const std::bad_alloc&) {
    return error_of(Thrown::no_memory);  // As when the store fails: others fare no better.
  } catch (const std::exception& thrown) {
    return make_error(ErrorCode::internal, "the execution could not be recorded",
                      thrown.what());
  }
}

// Adds what becomes of each write, and returns the number of commits.
std::uint64_t Recorder::try_writes(std::vector<LedgerWrite>& writes,
                                   std::vector<AppendOutcome>& results) {
  std::uint64_t commits = 0;
  auto outcomes = append_writes(writes);
  if (outcomes) {
    ++commits;
    results = std::move(*outcomes);
  } else if (store_failed(outcomes.error()) || writes.size() == 1) {
    results.assign(writes.size(), AppendOutcome(outcomes.error()));
  } else {
    for (LedgerWrite& write : writes) {
      auto one = append_writes({&write, 1});
      if (one) {
        ++commits;
        results.push_back(std::move(one->front()));
      } else {
        results.emplace_back(std::move(one).error());
      }
    }
  }
  return commits;
}

// Each place is given back and each Done is called, even where there was no memory: then
// the callers hear that, and the next batch has its own chance.
void Recorder::commit_batch(std::vector<Entry>& batch) {
  std::vector<LedgerWrite> writes;
  std::vector<AppendOutcome> results;
  Metrics made;
  const Thrown thrown = run_guarded("a commit of executions", [&] {
    writes.reserve(batch.size());
    results.reserve(batch.size());
    for (Entry& entry : batch) writes.push_back(std::move(entry.write));
    made.commits = try_writes(writes, results);
  });
  if (thrown != Thrown::nothing) {
    run_guarded("the end of a commit of executions", [&] {
      while (results.size() < batch.size()) results.emplace_back(error_of(thrown));
    });
  }
  std::size_t tickets = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    // The kind is still there when the rest has been moved on.
    if (batch[i].write.kind != LedgerWrite::Kind::started) ++tickets;
    ++(i < results.size() && results[i] ? made.writes : made.failures);
  }
  {
    // Before the callbacks, so a client that has its answer is admitted again.
    const MutexLock lock(mutex_);
    admitted_ -= tickets;
    metrics_.commits += made.commits;
    metrics_.writes += made.writes;
    metrics_.failures += made.failures;
  }
  run_guarded("the log of a commit", [&] { log_late_ends(writes, results); });
  if (made.failures > 0) {
    run_guarded("the log of a commit", [&] { log_failures(writes, results); });
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    run_guarded("telling what became of an execution", [&] {
      call(batch[i].done,
           i < results.size() ? std::move(results[i]) : AppendOutcome(error_of(thrown)));
    });
  }
}

bool Recorder::is_done(std::uint64_t sequence) const {
  if (closed_) return true;
  const auto behind = [sequence](const auto& entries) {
    return entries.empty() || entries.front().sequence > sequence;
  };
  return behind(queue_) && behind(starts_) && (committing_ == 0 || committing_ > sequence);
}

void Recorder::flush() {
  MutexLock lock(mutex_);
  const std::uint64_t sequence = sequence_;
  flush_sequence_ = std::max(flush_sequence_, sequence);
  ready_.notify_one();
  while (!is_done(sequence)) drained_.wait(lock);
}

void Recorder::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    ready_.notify_one();
  }
  const MutexLock lock(stop_mutex_);
  writer_.join();
}

Recorder::Metrics Recorder::metrics() const {
  const MutexLock lock(mutex_);
  Metrics metrics = metrics_;
  metrics.queued = queue_.size() + starts_.size();
  return metrics;
}

}  // namespace trawl
