#include "ledger/follow/follower.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "ledger/ledger_rules.h"

namespace trawl {

TimeUs end_of(const ExecutionSummary& summary) {
  const double millis = std::min(finite_amount(summary.duration_ms), 9e12);
  return summary.timestamp + static_cast<TimeUs>(millis * 1000);
}

ExecutionKey key_of(const ExecutionSummary& summary) {
  return {summary.timestamp, summary.execution_id};
}

Follower::Follower(const Ledger& ledger, FollowRequest request, TimeUs late_us)
    : ledger_(ledger),
      request_(std::move(request)),
      as_of_(request_.clock->now()),
      late_us_(late_us) {
  place_.timestamp = as_of_;
}

FollowCursor Follower::cursor() const {
  FollowCursor cursor;
  cursor.place = place_;
  cursor.as_of = as_of_;
  cursor.running_since = as_of_ - kFollowOverlapUs;
  if (!running_.empty()) {
    cursor.running_since = std::min(cursor.running_since, running_.begin()->timestamp);
  }
  return cursor;
}

Result<Follower::Keys> Follower::find_running() const {
  TRAWL_ASSIGN(const auto found, ledger_.running(request_.filter.namespace_id));
  Keys keys;
  for (const RunningExecution& running : found) keys.insert(running.key);
  return keys;
}

Result<FollowBatch> Follower::read_past(bool seen_all, const SequenceOf& sequence_of) {
  const FollowCursor& since = *request_.since;
  ExecutionFilter filter = request_.filter;
  const TimeUs start = std::min(since.running_since, since.place.timestamp);
  if (!filter.start_time || *filter.start_time < start) filter.start_time = start;
  FollowBatch out;
  if (filter.end_time && *filter.start_time > *filter.end_time) return out;

  ScanRequest request;
  request.cancelled = [this] { return stopped(); };
  const auto read =
      ledger_.scan(filter, request, [&](const ScannedExecution& found) -> Result<bool> {
        const ExecutionSummary& summary = found.execution.summary;
        FollowRow row;
        row.key = found.key;
        row.running = summary.status == status::kProcessing;
        // What says so and does not run was imported, and imports are not followed. One
        // that has just begun is told when its turn comes.
        if (row.running && !running_.contains(row.key)) return true;
        // A crash ends the feed as well: who has seen all of this one has seen what the
        // last crash ended.
        row.failed = summary.status == status::kFailed && !seen_all;
        row.duration_us = end_of(summary) - summary.timestamp;
        const Kind kind = row.running ? Kind::started : Kind::ended;
        if (!is_due(since, row, sequence_of(row.key.execution_id, kind))) return true;
        out.skipped = out.events.size() == request_.past_max;
        if (!out.skipped) out.events.push_back({kind, summary, {}});
        return !out.skipped;
      });
  if (!read) {
    if (stopped()) return FollowBatch();
    return read.error();
  }
  std::reverse(out.events.begin(), out.events.end());
  return out;
}

void Follower::set_cursors(std::vector<FollowEvent>& events, FollowCursor from) {
  const FollowCursor& since = *request_.since;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const ExecutionKey key = key_of(events[i].summary);
    if (place_ < key) place_ = key;
    // What ended late lies before the place that the reader had reached: as long as there
    // is more of that, it goes on from where it was, and may see some of these twice.
    if (i + 1 < events.size() && !(since.place < key_of(events[i + 1].summary))) {
      events[i].cursor = since;
      continue;
    }
    from.place = since.place < key ? key : since.place;
    events[i].cursor = from;
  }
}

std::optional<TimeUs> Follower::last_start() const {
  if (!request_.filter.end_time) return std::nullopt;
  return std::min(*request_.filter.end_time, kTimeMax - late_us_) + late_us_;
}

bool Follower::is_over() const {
  const auto last = last_start();
  if (!last || request_.clock->now() <= *last) return false;
  return running_.empty() || running_.begin()->timestamp > *request_.filter.end_time;
}

std::chrono::milliseconds Follower::wait_at_most(std::chrono::milliseconds time_max) const {
  using std::chrono::milliseconds;
  const auto last = last_start();
  const TimeUs now = request_.clock->now();
  if (!last || now > *last) return time_max;
  // Clocks may be set: look again after an hour at the latest. Rounded up: what is due in a
  // part of a millisecond is not asked for in a loop.
  const std::chrono::microseconds wait(std::min(*last - now + 1, kMicrosPerHour));
  return std::min(time_max, std::chrono::ceil<milliseconds>(wait));
}

}  // namespace trawl
