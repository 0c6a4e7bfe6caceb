#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ledger/follow/feed.h"
#include "ledger/follow/follower.h"
#include "runtime/stop.h"

namespace trawl {
namespace {

// How late a start appears: it is announced late, and a commit takes its time.
constexpr TimeUs kLateStartsUs = kMicrosPerSecond;

// First the queue, then the past: what is committed in between is in both, and known by
// its id.
class FeedFollower final : public Follower {
 public:
  FeedFollower(const Ledger& ledger, ExecutionFeed& feed, FollowRequest request)
      : Follower(ledger, std::move(request), kLateStartsUs),
        feed_(feed),
        subscription_(feed.subscribe(request_.filter.namespace_id)),
        sequence_(subscription_->since()),
        wake_(request_.stop, [this] { subscription_->wake(); }) {}

  Result<void> learn_running() {
    TRAWL_ASSIGN(running_, find_running());
    return {};
  }

  Result<FollowBatch> next(std::chrono::milliseconds time_max) override {
    if (request_.since && !went_back_) {
      went_back_ = true;
      return go_back();
    }
    FollowBatch out;
    out.over = is_over();
    if (out.over || stopped()) return out;
    const auto batch = subscription_->wait(wait_at_most(time_max));
    for (const FeedEvent& event : batch.events) take(event, out);
    out.dropped = batch.dropped;
    if (batch.dropped > 0) TRAWL_TRY(learn_running());  // The ends of some are lost.
    return out;
  }

  FollowCursor cursor() const override {
    FollowCursor cursor = Follower::cursor();
    cursor.epoch = feed_.epoch();
    cursor.sent_all = cursor.sent_to_place = sequence_;
    return cursor;
  }

 private:
  Result<FollowBatch> go_back() {
    const FollowCursor& since = *request_.since;
    const bool same_feed = since.epoch == feed_.epoch();
    const bool seen_all =
        same_feed && since.sent_all > 0 && since.sent_all == since.sent_to_place;
    const RecentEvents recent = same_feed ? feed_.recent() : RecentEvents({});
    const auto sequence_of = [&](const ExecutionId& id, Kind kind) {
      return recent.sequence_of(request_.filter.namespace_id, id, kind);
    };
    TRAWL_ASSIGN(FollowBatch past, read_past(seen_all, sequence_of));
    leave_to_queue(past);
    if (!order_by_sequence(past, sequence_of)) {
      FollowCursor from = cursor();
      from.sent_all = same_feed ? since.sent_all : 0;
      from.sent_to_place = subscription_->since();
      set_cursors(past.events, from);
    }
    for (const FollowEvent& event : past.events) {
      seen_.insert(seen_key(event.summary.execution_id, Kind::started));
      if (event.kind == Kind::ended) {
        seen_.insert(seen_key(event.summary.execution_id, Kind::ended));
      }
    }
    return past;
  }

  // Takes out what was published since the subscription, and will be taken from there.
  void leave_to_queue(FollowBatch& past) const {
    const RecentEvents queued = feed_.recent(subscription_->since());
    std::erase_if(past.events, [&](const FollowEvent& event) {
      return queued.sequence_of(request_.filter.namespace_id, event.summary.execution_id,
                                event.kind);
    });
  }

  // Puts the past in the order of its events, where the feed knows all of them. Then their
  // cursors are exact.
  bool order_by_sequence(FollowBatch& past, const SequenceOf& sequence_of) {
    std::vector<std::pair<std::uint64_t, FollowEvent>> ordered;
    ordered.reserve(past.events.size());
    for (const FollowEvent& event : past.events) {
      const auto sequence = sequence_of(event.summary.execution_id, event.kind);
      if (!sequence) return false;
      ordered.emplace_back(*sequence, event);
    }
    std::sort(ordered.begin(), ordered.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    past.events.clear();
    FollowCursor cursor = this->cursor();
    cursor.place = request_.since->place;
    for (auto& [sequence, event] : ordered) {
      cursor.sent_all = sequence;
      cursor.sent_to_place = std::max(request_.since->sent_to_place, sequence);
      event.cursor = cursor;
      place_ = std::max(place_, key_of(event.summary),
                        [](const auto& a, const auto& b) { return a < b; });
      past.events.push_back(std::move(event));
    }
    return true;
  }

  static std::string seen_key(const ExecutionId& id, Kind kind) {
    return (kind == Kind::started ? '+' : '-') + id.str();
  }

  void take(const FeedEvent& event, FollowBatch& out) {
    const ExecutionSummary& summary = event.execution->summary;
    const ExecutionKey key = key_of(summary);
    if (event.kind == Kind::started) {
      running_.insert(key);
    } else {
      running_.erase(key);
      as_of_ = std::max(as_of_, end_of(summary));
    }
    sequence_ = event.sequence;
    if (place_ < key) place_ = key;
    if (!seen_.empty() && seen_.contains(seen_key(key.execution_id, event.kind))) return;
    if (!matches(request_.filter, *event.execution)) return;
    out.events.push_back({event.kind, summary, cursor()});
  }

  ExecutionFeed& feed_;
  const std::shared_ptr<ExecutionFeed::Subscription> subscription_;
  std::uint64_t sequence_;
  // What going back has sent, as long as this lasts: at most past_max.
  std::unordered_set<std::string> seen_;
  bool went_back_ = false;
  const OnStop wake_;
};

}  // namespace

Result<std::unique_ptr<Following>> follow_feed(const Ledger& ledger, ExecutionFeed& feed,
                                               FollowRequest request) {
  auto follower = std::make_unique<FeedFollower>(ledger, feed, std::move(request));
  TRAWL_TRY(follower->learn_running());
  return std::unique_ptr<Following>(std::move(follower));
}

}  // namespace trawl
