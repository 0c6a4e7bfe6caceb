#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "ledger/follow/follower.h"
#include "runtime/stop.h"
#include "runtime/waiting.h"

namespace trawl {
namespace {

// How many executions are looked up by their ids at once.
constexpr std::size_t kLookedUpMax = 500;

// Looks at what began within the last seconds, and, by their ids, at what ran when it last
// looked and does not any more.
class LookingFollower final : public Follower {
 public:
  LookingFollower(const Ledger& ledger, FollowRequest request)
      : Follower(ledger, std::move(request), kFollowOverlapUs),
        wake_(request_.stop, [this] {
          const MutexLock lock(mutex_);
          changed_.notify_one();
        }) {}

  // What is there is not news, unless it lies behind the request's cursor.
  Result<void> begin() {
    FollowBatch known;
    auto looked = look(known, true);
    return stopped() ? Result<void>() : looked;
  }

  Result<FollowBatch> next(std::chrono::milliseconds time_max) override {
    if (request_.since && !went_back_) {
      went_back_ = true;
      return go_back();
    }
    const auto end = Steady::now() + wait_at_most(time_max);
    FollowBatch out;
    while (!stopped()) {
      if (Steady::now() >= next_look_) {
        if (auto looked = look(out, false); !looked) {
          if (stopped()) return FollowBatch();
          return looked.error();
        }
        next_look_ = Steady::now() + request_.look_every;
      }
      out.over = out.events.empty() && is_over();
      if (out.over || !out.events.empty() || Steady::now() >= end) break;
      const Waiting waiting;
      MutexLock lock(mutex_);
      if (!stopped()) (void)changed_.wait_until(lock, std::min(end, next_look_));
    }
    return out;
  }

 private:
  using Steady = std::chrono::steady_clock;

  struct Told {
    Kind kind = Kind::started;
    TimeUs timestamp = 0;
  };

  Result<FollowBatch> go_back() {
    TRAWL_ASSIGN(FollowBatch past, read_past(false, [](const auto&, Kind) {
                   return std::optional<std::uint64_t>();
                 }));
    set_cursors(past.events, cursor());
    for (const FollowEvent& event : past.events) note(event.kind, event.summary);
    return past;
  }

  static Kind kind_of(const ExecutionSummary& summary) {
    return summary.status == status::kProcessing ? Kind::started : Kind::ended;
  }

  void note(Kind kind, const ExecutionSummary& summary) {
    Told& told = told_[summary.execution_id.str()];
    told = {kind, summary.timestamp};
  }

  bool was_told(const ExecutionSummary& summary) const {
    const auto found = told_.find(summary.execution_id.str());
    if (found == told_.end()) return false;
    return found->second.kind == Kind::ended || kind_of(summary) == Kind::started;
  }

  // Adds what is new. `first`: everything is known, whatever it says, and only noted.
  Result<void> look(FollowBatch& out, bool first) {
    const TimeUs now = request_.clock->now();
    const TimeUs from = as_of_ - kFollowOverlapUs;
    TRAWL_ASSIGN(Keys running, find_running());
    TRAWL_TRY(look_at_recent(from, running, out, first));
    if (!first) TRAWL_TRY(look_up(from, running, out));
    std::stable_sort(
        out.events.begin(), out.events.end(),
        [](const FollowEvent& a, const FollowEvent& b) { return time_of(a) < time_of(b); });
    // Whoever goes on from the middle has as_of and running_ of the look before.
    for (FollowEvent& event : out.events) {
      const ExecutionKey key = key_of(event.summary);
      if (place_ < key) place_ = key;
      event.cursor = cursor();
    }
    as_of_ = now;
    running_ = std::move(running);
    std::erase_if(told_, [&](const auto& told) {
      return told.second.timestamp < as_of_ - kFollowOverlapUs;
    });
    return {};
  }

  static TimeUs time_of(const FollowEvent& event) {
    return event.kind == Kind::started ? event.summary.timestamp : end_of(event.summary);
  }

  void add(const ExecutionSummary& summary, FollowBatch& out, bool first) {
    const Kind kind = kind_of(summary);
    note(kind, summary);
    if (!first) out.events.push_back({kind, summary, {}});
  }

  Result<void> look_at_recent(TimeUs from, const Keys& running, FollowBatch& out,
                              bool first) {
    ExecutionFilter filter = request_.filter;
    filter.start_time = std::max(filter.start_time.value_or(from), from);
    if (filter.end_time && *filter.start_time > *filter.end_time) return {};
    ScanRequest request;
    request.cancelled = [this] { return stopped(); };
    return ledger_.scan(
        filter, request, [&](const ScannedExecution& found) -> Result<bool> {
          const ExecutionSummary& summary = found.execution.summary;
          // It was imported, or has begun just now and is told next time.
          if (kind_of(summary) == Kind::started && !running.contains(found.key))
            return true;
          if (was_told(summary)) return true;
          out.skipped = out.events.size() == request_.past_max;
          if (!out.skipped) add(summary, out, first);
          return !out.skipped;
        });
  }

  // What ran and does not any more, and what runs but began before the last seconds. What
  // still reads as running, since reads lag behind, stays in `running` for the next look.
  Result<void> look_up(TimeUs from, Keys& running, FollowBatch& out) {
    std::vector<ExecutionKey> keys;
    std::copy_if(running_.begin(), running_.end(), std::back_inserter(keys),
                 [&](const ExecutionKey& key) { return !running.contains(key); });
    std::copy_if(running.begin(), running.end(), std::back_inserter(keys),
                 [&](const ExecutionKey& key) {
                   return key.timestamp < from && !running_.contains(key);
                 });
    for (std::size_t i = 0; i < keys.size(); i += kLookedUpMax) {
      ExecutionFilter filter;
      filter.namespace_id = request_.filter.namespace_id;
      std::vector<ExecutionId>& ids = filter.execution_ids.emplace();
      for (std::size_t j = i; j < std::min(keys.size(), i + kLookedUpMax); ++j) {
        ids.push_back(keys[j].execution_id);
      }
      ScanRequest request;
      request.cancelled = [this] { return stopped(); };
      request.detail = true;  // The filter may look at any of it.
      TRAWL_TRY(
          ledger_.scan(filter, request, [&](const ScannedExecution& found) -> Result<bool> {
            const ExecutionSummary& summary = found.execution.summary;
            if (kind_of(summary) == Kind::started) {
              running.insert(found.key);
              if (running_.contains(found.key)) return true;
            }
            if (!was_told(summary) && matches(request_.filter, found.execution)) {
              add(summary, out, false);
            }
            return true;
          }));
    }
    return {};
  }

  // By id, of the last seconds.
  std::unordered_map<std::string, Told> told_;
  Steady::time_point next_look_;  // At once.
  bool went_back_ = false;
  Mutex mutex_;
  CondVar changed_;
  const OnStop wake_;
};

}  // namespace

Result<std::unique_ptr<Following>> follow_by_looking(const Ledger& ledger,
                                                     FollowRequest request) {
  auto follower = std::make_unique<LookingFollower>(ledger, std::move(request));
  TRAWL_TRY(follower->begin());
  return std::unique_ptr<Following>(std::move(follower));
}

Result<std::unique_ptr<Following>> Ledger::follow(FollowRequest request) const {
  return follow_by_looking(*this, std::move(request));
}

}  // namespace trawl
