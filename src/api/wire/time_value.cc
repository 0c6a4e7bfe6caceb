#include "api/wire/time_value.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace trawl::api {
namespace {

constexpr std::string_view kRemedy =
    "use RFC 3339 (2026-01-31T10:00:00Z), a date, seconds or milliseconds since 1970, or a "
    "time before now such as -15m, -24h or -7d";

// Larger than any second of the year 5138, smaller than any millisecond after 1973.
constexpr double kSecondsMax = 1e11;

Result<TimeUs> relative(std::string_view text, TimeUs now, const std::string& location) {
  const auto refuse = [&] {
    return invalid_at(location, fmt::format("{} is '{}', which is not a time span; {}",
                                            location, truncate_text(text, 64), kRemedy));
  };
  if (text.size() < 3) return refuse();
  TimeUs unit = 0;
  switch (text.back()) {
    case 's':
      unit = kMicrosPerSecond;
      break;
    case 'm':
      unit = kMicrosPerMinute;
      break;
    case 'h':
      unit = kMicrosPerHour;
      break;
    case 'd':
      unit = kMicrosPerDay;
      break;
    case 'w':
      unit = 7 * kMicrosPerDay;
      break;
    default:
      return refuse();
  }
  std::int64_t count = 0;
  const std::string_view digits = text.substr(1, text.size() - 2);
  if (digits.front() < '0' || digits.front() > '9' || !parse_integer(digits, count)) {
    return refuse();
  }
  if (count > (now - kTimeMin) / unit) {
    return invalid_at(location, fmt::format("{} is '{}', which is before the year 1",
                                            location, truncate_text(text, 64)));
  }
  return now - count * unit;
}

}  // namespace

Result<TimeUs> parse_time_value(const json::value& value, TimeUs now,
                                const std::string& location) {
  if (const auto* text = value.if_string()) {
    const std::string_view trimmed = view(*text);
    if (trimmed.starts_with('-')) return relative(trimmed, now, location);
    auto time = parse_time(trimmed);
    if (!time) {
      return invalid_at(location, fmt::format("{}: {}; or a time before now such as "
                                              "-15m, -24h or -7d",
                                              location, time.error().message));
    }
    return time;
  }
  if (!is_number(value)) {
    return invalid_at(
        location, fmt::format("{} is a JSON {}; {}", location, type_name(value), kRemedy));
  }
  double micros = as_double(value);
  const bool in_seconds = std::abs(micros) < kSecondsMax;
  // Whole numbers stay whole: a double cannot hold every microsecond.
  if (value.is_int64() && std::abs(micros) < 1e15) {
    const std::int64_t whole = value.get_int64() * (in_seconds ? kMicrosPerSecond : 1000);
    if (whole >= kTimeMin && whole <= kTimeMax) return whole;
  }
  micros *= in_seconds ? 1e6 : 1e3;
  // As a double kTimeMax is rounded up, to the first instant of the year 10000.
  if (!(micros >= static_cast<double>(kTimeMin) &&
        micros < static_cast<double>(kTimeMax))) {
    return invalid_at(
        location, fmt::format("{} is outside the years 1 to 9999; {}", location, kRemedy));
  }
  return static_cast<TimeUs>(std::llround(micros));
}

Result<TimeZone> read_time_zone(std::string_view text, const std::string& location) {
  auto zone = TimeZone::parse(text);
  if (zone) return zone;
  Error error = std::move(zone).error();
  error.location = location;
  return error;
}

}  // namespace trawl::api
