#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "ledger/ledger.h"

namespace trawl {

// How far somebody who follows the history has come, so that a reader that was cut off can
// go on.
//
// Executions end in another order than they start, and the history is in the order of
// their starts. So a place in it is not enough: what ended late lies behind it. Within the
// life of one feed (feed.h) its sequence numbers tell exactly what was sent. Where they do
// not reach (another process, too long ago, an engine without a feed) times decide, with
// some overlap: rather twice than never.
struct FollowCursor {
  std::uint64_t epoch = 0;  // Of the feed that the sequence numbers are about.
  // Events up to here were sent, or did not match.
  std::uint64_t sent_all = 0;
  // The same, for executions up to `place`; more than sent_all while going back in history.
  std::uint64_t sent_to_place = 0;
  ExecutionKey place;  // The newest execution that was sent.
  TimeUs as_of = 0;    // What had ended by then and is not after `place` was sent.
  // No execution that started before was still running at that time.
  TimeUs running_since = 0;

  bool operator==(const FollowCursor&) const = default;
};

// How long the record of an execution may lag behind its end.
inline constexpr TimeUs kFollowOverlapUs = 10 * kMicrosPerSecond;

std::string encode_follow_cursor(const FollowCursor& cursor);
// Nothing: the text is not such a cursor.
std::optional<FollowCursor> decode_follow_cursor(std::string_view text);

// The cursor of a reader that wants everything that started at this time or later.
FollowCursor follow_cursor_since(TimeUs time);

// One row of the history, as far as the question matters whether it has been sent.
struct FollowRow {
  ExecutionKey key;
  bool running = false;
  bool failed = false;
  TimeUs duration_us = 0;
};
// Whether the reader has yet to see the row. `sequence` is that of the row's event, if the
// cursor's feed still knows it.
bool is_due(const FollowCursor& cursor, const FollowRow& row,
            std::optional<std::uint64_t> sequence);

}  // namespace trawl
