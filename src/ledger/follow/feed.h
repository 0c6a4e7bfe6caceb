#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "ledger/follow/following.h"
#include "ledger/ledger.h"

namespace trawl {

// An execution that began or ended, as it was recorded. One that took less time than the
// recorder holds a start back has no `started`.
struct FeedEvent {
  using Kind = FollowEvent::Kind;
  Kind kind = Kind::ended;
  std::uint64_t sequence = 0;  // Of the feed's events, from 1, in the order of commits.
  // As recorded, but without what is large and no filter looks at: results, candidates,
  // the pipeline.
  std::shared_ptr<const Execution> execution;
};

// The last events of a feed, without the executions: lets a returning subscriber skip what
// it received.
class RecentEvents {
 public:
  explicit RecentEvents(std::unordered_map<std::uint64_t, std::uint64_t> sequences)
      : sequences_(std::move(sequences)) {}
  // Nothing: it was too long ago, or not in the life of this feed.
  std::optional<std::uint64_t> sequence_of(const NamespaceId& namespace_id,
                                           const ExecutionId& id,
                                           FeedEvent::Kind kind) const;

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> sequences_;  // By event_hash().
};

// Publishes what an engine appends to subscribers. None can slow the engine down: each
// subscriber has a bounded queue, and one that is too slow loses events and learns how
// many. Thread-safe.
class ExecutionFeed {
 public:
  struct Limits {
    std::size_t events_max = 8192;                  // In each queue.
    std::size_t bytes_max = std::size_t{16} << 20;  // The same, about.
    std::size_t recent_max = std::size_t{1} << 16;  // For RecentEvents; at least 1.
  };

  // Made by subscribe(). May outlive the feed; nothing comes then.
  class Subscription {
   public:
    Subscription(NamespaceId namespace_id, const Limits& limits, std::uint64_t since)
        : namespace_id_(std::move(namespace_id)), limits_(limits), since_(since) {}

    struct Batch {
      std::vector<FeedEvent> events;
      std::uint64_t dropped = 0;  // How many were lost, all after the last of `events`.
    };
    // Blocks until there are events, wake() is called or the time is over. One reader.
    Batch wait(std::chrono::milliseconds time_max);
    // Ends a wait() now, or the next one at once. For any thread.
    void wake();
    // Brings the events that follow this one.
    std::uint64_t since() const { return since_; }

   private:
    friend class ExecutionFeed;
    void push(const FeedEvent& event, std::size_t bytes);

    const NamespaceId namespace_id_;
    const Limits limits_;
    const std::uint64_t since_;
    Mutex mutex_;
    CondVar changed_;
    std::vector<FeedEvent> events_ TRAWL_GUARDED_BY(mutex_);
    std::size_t bytes_ TRAWL_GUARDED_BY(mutex_) = 0;
    std::uint64_t dropped_ TRAWL_GUARDED_BY(mutex_) = 0;
    bool woken_ TRAWL_GUARDED_BY(mutex_) = false;
  };

  ExecutionFeed() : ExecutionFeed(Limits()) {}
  explicit ExecutionFeed(Limits limits);

  // Ends when the last pointer goes. Filter on your own thread.
  std::shared_ptr<Subscription> subscribe(const NamespaceId& namespace_id);

  // What was appended and is durable, except what was imported. Takes the executions out
  // of the writes where somebody wants them; otherwise it costs a hash each. Never blocks
  // for longer than a subscriber takes to swap its queue, and what it throws is logged. To
  // be called in the order of commits.
  void publish(std::span<LedgerWrite> writes, std::span<const AppendOutcome> results);
  // The same of executions that ended without an append.
  void publish_ended(std::vector<Execution> executions);

  // Tells this feed from those before the last start of the process.
  std::uint64_t epoch() const { return epoch_; }
  // A copy of the last recent_max events, or of those after one of them: for each reader
  // that returns, not for each event.
  RecentEvents recent(std::uint64_t after = 0) const;

 private:
  void publish_all(std::span<LedgerWrite> writes, std::span<const AppendOutcome> results);

  const Limits limits_;
  const std::uint64_t epoch_;
  mutable Mutex mutex_;
  std::uint64_t sequence_ TRAWL_GUARDED_BY(mutex_) = 0;  // Of the last event.
  // event_hash() at sequence % recent_max.
  std::vector<std::uint64_t> recent_ TRAWL_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Subscription>> subscriptions_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl
