#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/execution_filter.h"
#include "ledger/follow/follow_cursor.h"
#include "model/execution.h"
#include "runtime/stop.h"

namespace trawl {

// An execution that began or ended, and matches. One that took less time than the recorder
// holds a start back has no `started`.
struct FollowEvent {
  enum class Kind { started, ended };
  Kind kind = Kind::ended;
  ExecutionSummary summary;
  FollowCursor cursor;  // Goes on behind this event.
};

struct FollowRequest {
  ExecutionFilter filter;
  std::optional<FollowCursor> since = {};  // Without one it begins now.
  std::size_t past_max = 10'000;           // The most executions to go back.
  StopToken stop = {};                     // Ends a wait.
  const Clock* clock = &system_clock();
  // How often an engine looks that cannot tell of appends as they happen.
  std::chrono::milliseconds look_every{500};
};

struct FollowBatch {
  // In the order of their commits; what was missed before the first, oldest start first.
  std::vector<FollowEvent> events;
  // Older ones than `events` match since then, and are left out: more than past_max.
  bool skipped = false;
  // So many, matching or not, were lost after the last of `events`, since the reader was
  // too slow. Following from cursor() brings them.
  std::uint64_t dropped = 0;
  bool over = false;  // The filter's end has passed: nothing more can match.
};

// Executions as they start and end; made by Ledger::follow(). What waits for a slow reader
// is bounded. For one thread at a time.
class Following {
 public:
  virtual ~Following() = default;

  // Blocks until there are events, the time is over or the request's token stops; may also
  // return nothing before. Errors are those of Ledger::scan().
  virtual Result<FollowBatch> next(std::chrono::milliseconds time_max) = 0;
  // Where the reader stands when it has taken everything up to here. It moves on past what
  // does not match, too.
  virtual FollowCursor cursor() const = 0;
};

}  // namespace trawl
