#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace date {
class time_zone;
}

namespace trawl {

// What clocks on a wall show: UTC, an offset from it, or a zone of the IANA database of the
// system, which knows when summer time begins. A small value, cheap to copy. Thread-safe.
class TimeZone {
 public:
  TimeZone() = default;  // UTC

  // "UTC", "Z", "+05:30", "-08", or a name of the database such as "Europe/Berlin".
  //   invalid      there is no such zone
  //   unavailable  the system has no database (Debian's package tzdata)
  static Result<TimeZone> parse(std::string_view text);

  bool is_utc() const { return zone_ == nullptr && offset_us_ == 0; }
  // "UTC", "+05:30", "Europe/Berlin".
  std::string name() const;

  // The stretch of time around an instant in which the offset does not change.
  struct Stretch {
    TimeUs begin = 0;
    TimeUs end = 0;  // The first instant of the next.
    TimeUs offset_us = 0;
  };
  Stretch stretch_at(TimeUs time) const;
  TimeUs offset_us_at(TimeUs time) const { return stretch_at(time).offset_us; }

  // The first instant at which clocks show a time, written as if it were one of UTC; where
  // they skip it, the one at which they do.
  TimeUs instant_of(TimeUs shown) const;

 private:
  const date::time_zone* zone_ = nullptr;  // Lives as long as the process.
  TimeUs offset_us_ = 0;                   // Without a zone.
};

// 2026-01-31T10:00:00.000000+01:00: format_time() with the offset of the zone; of UTC where
// that has seconds, as before there were time zones, since RFC 3339 cannot write those.
std::string format_time(TimeUs time, const TimeZone& zone);

}  // namespace trawl
