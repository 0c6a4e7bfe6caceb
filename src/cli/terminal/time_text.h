#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cli/failure.h"

namespace trawl::cli {

// Instants as a person sees and types them: in the local time zone, which --utc sets to
// UTC.

// Which end of what was typed is meant: "monday" is the whole day, "9:30" the whole minute.
enum class TimeEnd { begin, end };

// The instant that was typed after a flag, for the server. Understands whatever the tables
// show, and
//   now, today, yesterday, monday … sunday (the latest one), each also with a time of day
//   9:00, 9:00:30, 9am, 9:30 pm       today
//   2026-01-31, 2026-01-31 10:00      in the local time zone
//   2026-01-31T10:00:00Z, +02:00      in the one that is named; it covers only itself
//   1769853600, 1769853600000         seconds or milliseconds since 1970
//   -15m, -24h, -2weeks, 1h, 3 days ago   before now; the server resolves it
//   usage  anything else, or a time of today that is yet to come and nothing can begin at
Outcome<std::string> read_time(std::string_view flag, std::string_view text, TimeUs now,
                               TimeEnd end);

// The length of "15m", "2 weeks" or "1h30m"; nothing for anything else.
std::optional<TimeUs> read_span(std::string_view text);

// "Nov 23 12:03:05" within the year of `now`, else "2024-11-23 12:03"; followed by the
// offset from UTC, such as +01:00, where it is not that of `now`.
std::string format_local_time(TimeUs time, TimeUs now);

// The offset from UTC at an instant: "UTC" or "+01:00".
std::string utc_offset(TimeUs time);

// From now on the local time zone of this process is UTC. Call it before other threads read
// the environment.
void show_utc();

}  // namespace trawl::cli
