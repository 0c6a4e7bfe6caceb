#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trawl {

// Microseconds since 1970-01-01T00:00:00Z; every stored instant is one of these.
using TimeUs = std::int64_t;

inline constexpr TimeUs kMicrosPerSecond = 1'000'000;
inline constexpr TimeUs kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr TimeUs kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr TimeUs kMicrosPerDay = 24 * kMicrosPerHour;

// The years 0001 to 9999: what RFC 3339 can write.
inline constexpr TimeUs kTimeMin = -62'135'596'800 * kMicrosPerSecond;
inline constexpr TimeUs kTimeMax = 253'402'300'800 * kMicrosPerSecond - 1;

// Wall-clock time; replaced by a fixed clock in tests. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeUs now() const = 0;
};

Clock& system_clock();

// Monotonic microseconds, for durations.
TimeUs monotonic_us();

// 2026-01-31T10:00:00.000000Z; always six digits, so that text order is time order.
std::string format_time(TimeUs time);

// RFC 3339 with Z or an offset, or without (UTC), or a date alone (midnight UTC); a
// space may stand for the T; any number of fractional digits, cut to six.
//   invalid  not such a text, no such day, or a leap second
Result<TimeUs> parse_time(std::string_view text);

}  // namespace trawl
