#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/record/recording_policy.h"
#include "runtime/thread.h"

namespace trawl {

struct RecorderOptions {
  std::size_t queue_max = 4096;        // Executions between admission and commit.
  std::size_t batch_max = 64;          // Writes in one commit; at least 1.
  std::int64_t batch_wait_us = 1'000;  // How long a write waits to share a commit, at most.
  // How long a start waits for its end: a shorter execution is written once, not twice.
  std::int64_t start_wait_us = 20'000;
};

// The policy of a namespace as it stands now. Called for every start, end and import, on
// the thread of the caller, so from many at once. Null, or an exception, says that nobody
// can tell what may be recorded: then the execution is recorded without any text (see
// record_least). A namespace that records everything has a policy that does.
using RecordingPolicySource =
    std::function<std::shared_ptr<const RecordingPolicy>(const NamespaceId&)>;

// Puts executions into the ledger with group commit: one writer thread drains a bounded
// queue, so that many executions share one fsync. Thread-safe. The ledger must outlive it.
//
// When an append fails as a whole because of what it holds (any error but storage,
// cannot_store and unavailable), its writes are tried again one by one, so that one bad
// execution does not take the others with it. When the store itself fails, each write of
// the batch gets the error: trying again at once would only make a full disk busier, and
// only the caller knows whether the execution is worth another attempt. The same where
// there was no memory.
//
// It is also the one place where recording policies are applied, to starts, ends and
// imports alike, on the thread of the caller and before anything is queued: what they take
// out reaches neither the ledger nor anyone who follows it.
class Recorder {
 public:
  // Without `policies` everything is recorded.
  Recorder(Ledger& ledger, RecorderOptions options, RecordingPolicySource policies = {});
  ~Recorder();  // As stop().
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // A reserved place in the queue. Anyone who holds one can always record the end of its
  // execution: nothing is dropped because others were faster. Released when destroyed;
  // must not outlive the recorder.
  class [[nodiscard]] Ticket {
   public:
    Ticket(Ticket&& other) noexcept
        : recorder_(std::exchange(other.recorder_, nullptr)), mode_(other.mode_) {}
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();

   private:
    friend class Recorder;
    Ticket(Recorder* recorder, RecordingMode mode) : recorder_(recorder), mode_(mode) {}
    Recorder* recorder_;
    RecordingMode mode_ = RecordingMode::full;
  };

  // `mode` is what the request asks for; the stricter of it and its namespace's holds.
  //   unavailable  the queue is full, or the recorder is stopping; try again
  Result<Ticket> admit(RecordingMode mode = RecordingMode::full);

  // Notes that an execution runs; returns at once. Dropped when the end arrives before
  // it was written, since the end says everything. A failure is only logged: the end will
  // be written as a row of its own.
  void start(const Ticket& ticket, Execution execution);

  // Called once, on the writer thread, when the write is durable or has failed; must not
  // block, and must not call flush() or stop(). After stop() it is called at once, on the
  // caller's thread, with `unavailable`. An error is that of Ledger::append(); where that
  // threw, internal, or unavailable for want of memory.
  using Done = std::function<void(AppendOutcome)>;
  void finish(Ticket ticket, Execution execution, Done done);

  // As Ledger::append() of executions that ended elsewhere, at once and on the caller's
  // thread. Takes no ticket, and shares no commit.
  Result<std::vector<AppendOutcome>> import(std::vector<Execution> executions);

  // Blocks until everything queued before the call is durable or has failed, and its Done
  // has returned.
  void flush();
  // Refuses new admissions, commits what is queued and joins. Idempotent.
  void stop();

  struct Metrics {
    std::uint64_t commits = 0;   // Transactions that succeeded.
    std::uint64_t writes = 0;    // Writes in them.
    std::uint64_t failures = 0;  // Writes that failed.
    std::size_t queued = 0;      // Writes that wait now.
  };
  Metrics metrics() const;

 private:
  using Instant = std::chrono::steady_clock::time_point;
  struct Entry {
    LedgerWrite write;
    Done done;                   // None for a start.
    std::uint64_t sequence = 0;  // Of its arrival.
    Instant since;
  };

  void apply_policy(Execution& execution, RecordingMode mode) const;
  void release_ticket();
  void run();
  void wait_for_work(MutexLock& lock) TRAWL_REQUIRES(mutex_);
  std::size_t batch_target() const TRAWL_REQUIRES(mutex_);
  void take_batch(std::vector<Entry>& batch) TRAWL_REQUIRES(mutex_);
  void commit_batch(std::vector<Entry>& batch);
  std::uint64_t try_writes(std::vector<LedgerWrite>& writes,
                           std::vector<AppendOutcome>& results);
  Result<std::vector<AppendOutcome>> append_writes(std::span<LedgerWrite> writes);
  bool is_done(std::uint64_t sequence) const TRAWL_REQUIRES(mutex_);

  Ledger& ledger_;
  const RecorderOptions options_;
  const RecordingPolicySource policies_;
  mutable Mutex mutex_;
  CondVar ready_;    // For the writer: work, or a reason to look again.
  CondVar drained_;  // For flush().
  std::deque<Entry> queue_ TRAWL_GUARDED_BY(mutex_);  // Ends and imports.
  std::list<Entry> starts_ TRAWL_GUARDED_BY(mutex_);  // Oldest first.
  // Where in starts_ an execution is, by namespace and id.
  std::unordered_map<std::string, std::list<Entry>::iterator> start_places_
      TRAWL_GUARDED_BY(mutex_);
  std::size_t admitted_ TRAWL_GUARDED_BY(mutex_) = 0;    // Tickets held and queued.
  std::size_t last_batch_ TRAWL_GUARDED_BY(mutex_) = 1;  // Ends in the last commit.
  // Queue length that wakes the writer.
  std::size_t wake_at_ TRAWL_GUARDED_BY(mutex_) = 1;
  std::uint64_t sequence_ TRAWL_GUARDED_BY(mutex_) = 0;  // Of the newest arrival.
  // Up to here nothing waits.
  std::uint64_t flush_sequence_ TRAWL_GUARDED_BY(mutex_) = 0;
  // Oldest in the commit under way, or 0.
  std::uint64_t committing_ TRAWL_GUARDED_BY(mutex_) = 0;
  bool stopping_ TRAWL_GUARDED_BY(mutex_) = false;
  bool closed_ TRAWL_GUARDED_BY(mutex_) = false;  // The writer is gone.
  Metrics metrics_ TRAWL_GUARDED_BY(mutex_);
  Mutex stop_mutex_;  // Held while joining.
  Thread writer_ TRAWL_GUARDED_BY(stop_mutex_);
};

}  // namespace trawl
