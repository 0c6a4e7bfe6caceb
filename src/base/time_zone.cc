#include "base/time_zone.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <limits>
#include <string>
#include <vector>

#include "base/text.h"

namespace trawl {
namespace {

constexpr std::size_t kZoneNameBytesMax = 64;

std::chrono::seconds whole_seconds(TimeUs time) {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::microseconds(time));
}

TimeUs micros(std::chrono::seconds seconds) {
  // The ends of all time are as far as the library's days go.
  constexpr std::int64_t kMost = std::numeric_limits<TimeUs>::max() / kMicrosPerSecond;
  return std::clamp<std::int64_t>(seconds.count(), -kMost, kMost) * kMicrosPerSecond;
}

// "+05:30", "+0530" or "+05", up to 18 hours.
bool read_offset(std::string_view text, TimeUs& offset_us) {
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return false;
  const bool negative = text.front() == '-';
  std::string digits(text.substr(1));
  if (digits.size() == 5 && digits[2] == ':') digits.erase(2, 1);
  if (digits.size() == 2) digits += "00";
  std::int64_t number = 0;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (digits.size() != 4 || !std::all_of(digits.begin(), digits.end(), is_digit) ||
      !parse_integer(digits, number)) {
    return false;
  }
  if (number % 100 > 59 || number > 1800) return false;
  offset_us = (number / 100 * 60 + number % 100) * kMicrosPerMinute * (negative ? -1 : 1);
  return true;
}

std::string offset_text(TimeUs offset_us) {
  const TimeUs minutes = std::abs(offset_us) / kMicrosPerMinute;
  return fmt::format("{}{:02}:{:02}", offset_us < 0 ? '-' : '+', minutes / 60,
                     minutes % 60);
}

std::string suggestion(std::string_view text) {
  std::vector<std::string_view> known;
  for (const auto& zone : date::get_tzdb().zones) known.emplace_back(zone.name());
  // People name the city, or write the name in their own case.
  const std::string folded = to_lower_ascii(text);
  for (const bool by_city : {false, true}) {
    for (const std::string_view name : known) {
      const auto slash = by_city ? name.rfind('/') : std::string_view::npos;
      const std::string_view part =
          slash == std::string_view::npos ? name : name.substr(slash + 1);
      if (to_lower_ascii(part) == folded) return fmt::format(" (did you mean '{}'?)", name);
    }
  }
  return did_you_mean(text, known);
}

}  // namespace

Result<TimeZone> TimeZone::parse(std::string_view text) {
  TimeZone out;
  if (text == "UTC" || text == "Z" || read_offset(text, out.offset_us_)) return out;
  try {
    const auto& zones = date::get_tzdb().zones;
    const auto found =
        std::find_if(zones.begin(), zones.end(),
                     [&](const date::time_zone& zone) { return zone.name() == text; });
    if (found != zones.end()) {
      out.zone_ = &*found;
      out.stretch_at(0);  // Reads its file.
      return out;
    }
    const std::string shown = truncate_text(text, kZoneNameBytesMax);
    return make_error(ErrorCode::invalid,
                      fmt::format("there is no time zone '{}'{}; use an IANA name such as "
                                  "Europe/Berlin, an offset such as +05:30, or UTC",
                                  shown, suggestion(shown)));
  } catch (const std::exception& e) {
    return make_error(ErrorCode::unavailable,
                      fmt::format("the time zone '{}' cannot be read: {}; install the "
                                  "package tzdata on the server, or use an offset such "
                                  "as +05:30",
                                  truncate_text(text, kZoneNameBytesMax), e.what()));
  }
}

std::string TimeZone::name() const {
  if (zone_ != nullptr) return zone_->name();
  return offset_us_ == 0 ? "UTC" : offset_text(offset_us_);
}

TimeZone::Stretch TimeZone::stretch_at(TimeUs time) const {
  if (zone_ == nullptr) {
    return {std::numeric_limits<TimeUs>::min(), std::numeric_limits<TimeUs>::max(),
            offset_us_};
  }
  const auto info = zone_->get_info(date::sys_seconds(whole_seconds(time)));
  return {micros(info.begin.time_since_epoch()), micros(info.end.time_since_epoch()),
          micros(info.offset)};
}

TimeUs TimeZone::instant_of(TimeUs shown) const {
  if (zone_ == nullptr) return shown - offset_us_;
  const auto info = zone_->get_info(date::local_seconds(whole_seconds(shown)));
  if (info.result == date::local_info::nonexistent) {
    return micros(info.first.end.time_since_epoch());
  }
  return shown - micros(info.first.offset);
}

std::string format_time(TimeUs time, const TimeZone& zone) {
  const TimeUs offset_us = zone.offset_us_at(time);
  const TimeUs shown = time + offset_us;
  const bool has_text =
      offset_us % kMicrosPerMinute == 0 && shown >= kTimeMin && shown <= kTimeMax;
  if (zone.is_utc() || !has_text) return format_time(time);
  std::string out = format_time(shown);
  out.pop_back();
  return out + offset_text(offset_us);
}

}  // namespace trawl
