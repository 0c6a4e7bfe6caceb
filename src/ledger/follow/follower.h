#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/follow/feed.h"
#include "ledger/follow/follow_cursor.h"
#include "ledger/follow/following.h"
#include "ledger/ledger.h"

namespace trawl {

// What every way to follow has in common: where the reader stands, what it missed before,
// and when nothing more can match.
class Follower : public Following {
 public:
  FollowCursor cursor() const override;

 protected:
  using Kind = FollowEvent::Kind;
  using Keys = std::set<ExecutionKey>;

  // `late_us`: how late an execution may appear after its start.
  Follower(const Ledger& ledger, FollowRequest request, TimeUs late_us);

  bool stopped() const { return request_.stop.stop_requested(); }
  // Of the namespace: which executions run. They may end after many that start later.
  Result<Keys> find_running() const;
  // Of the event of a row, as far as the feed of the request's cursor knows it.
  using SequenceOf = std::function<std::optional<std::uint64_t>(const ExecutionId&, Kind)>;
  // What the reader has missed since the cursor of its request, oldest start first and
  // without cursors. `seen_all`: that feed goes on, and everything of it was seen.
  Result<FollowBatch> read_past(bool seen_all, const SequenceOf& sequence_of);
  // Gives events in that order their cursors, which are `from` besides their place.
  void set_cursors(std::vector<FollowEvent>& events, FollowCursor from);
  // Whatever comes has begun too late. What began in time and runs is waited for.
  bool is_over() const;
  // No longer than until it may be over.
  std::chrono::milliseconds wait_at_most(std::chrono::milliseconds time_max) const;

  const Ledger& ledger_;
  const FollowRequest request_;
  Keys running_;
  ExecutionKey place_;
  TimeUs as_of_;

 private:
  // When nothing can appear any more that the filter's end lets in.
  std::optional<TimeUs> last_start() const;

  const TimeUs late_us_;
};

ExecutionKey key_of(const ExecutionSummary& summary);
// When it ended, as far as its record says.
TimeUs end_of(const ExecutionSummary& summary);

// Follows what an engine publishes in its feed, which must outlive it, too.
Result<std::unique_ptr<Following>> follow_feed(const Ledger& ledger, ExecutionFeed& feed,
                                               FollowRequest request);
// Follows by looking every so often.
Result<std::unique_ptr<Following>> follow_by_looking(const Ledger& ledger,
                                                     FollowRequest request);

}  // namespace trawl
