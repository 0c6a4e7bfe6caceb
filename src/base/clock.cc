#include "base/clock.h"

#include <fmt/format.h>

#include <chrono>

#include "base/text.h"

namespace trawl {
namespace {

class SystemClock final : public Clock {
 public:
  TimeUs now() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

// Reads exactly `digits` decimal digits and moves past them.
bool take_digits(std::string_view& text, int digits, int& value) {
  if (text.size() < static_cast<std::size_t>(digits)) return false;
  value = 0;
  for (int i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

TimeUs monotonic_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string format_time(TimeUs time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds{time}};
  const auto day = floor<days>(point);
  // By hand, and the date once for all times of a day: a page of history holds a thousand.
  thread_local sys_days last_day{};
  thread_local std::string last = "1970-01-01T00:00:00.000000Z";
  const auto put = [](std::string& out, std::size_t end, std::size_t digits,
                      std::uint64_t number) {
    for (; digits > 0; --digits, number /= 10) {
      out[--end] = static_cast<char>('0' + number % 10);
    }
  };
  if (day != last_day) {
    const year_month_day date{day};
    put(last, 4, 4, static_cast<std::uint64_t>(static_cast<int>(date.year())));
    put(last, 7, 2, static_cast<unsigned>(date.month()));
    put(last, 10, 2, static_cast<unsigned>(date.day()));
    last_day = day;
  }
  std::string out = last;
  const auto of_day = static_cast<std::uint64_t>((point - day).count());
  const std::uint64_t seconds = of_day / 1'000'000;
  put(out, 13, 2, seconds / 3600);
  put(out, 16, 2, seconds / 60 % 60);
  put(out, 19, 2, seconds % 60);
  put(out, 26, 6, of_day % 1'000'000);
  return out;
}

Result<TimeUs> parse_time(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return make_error(ErrorCode::invalid,
                      fmt::format("'{}' is not a time: {}; use RFC 3339, such as "
                                  "2026-01-31T10:00:00Z",
                                  truncate_text(text, 64), why));
  };
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::int64_t micros = 0;
  std::int64_t offset_s = 0;
  std::string_view rest = text;
  if (!take_digits(rest, 4, year) || !take_char(rest, "-") ||
      !take_digits(rest, 2, month) || !take_char(rest, "-") || !take_digits(rest, 2, day)) {
    return refuse("it does not begin with a date YYYY-MM-DD");
  }
  if (!rest.empty()) {
    if (!take_char(rest, "Tt ") || !take_digits(rest, 2, hour) || !take_char(rest, ":") ||
        !take_digits(rest, 2, minute)) {
      return refuse("the time of day is not HH:MM:SS");
    }
    const bool has_seconds = take_char(rest, ":");
    if (has_seconds && !take_digits(rest, 2, second)) {
      return refuse("the time of day is not HH:MM:SS");
    }
    if (has_seconds && take_char(rest, ".")) {
      int digits = 0;
      for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; ++digits) {
        if (digits < 6) micros = micros * 10 + (rest.front() - '0');
        rest.remove_prefix(1);
      }
      if (digits == 0) return refuse("the fraction has no digits");
      for (; digits < 6; ++digits) micros *= 10;
    }
    if (!rest.empty() && !take_char(rest, "Zz")) {
      const bool negative = rest.front() == '-';
      int offset_hour = 0, offset_minute = 0;
      if (!take_char(rest, "+-") || !take_digits(rest, 2, offset_hour)) {
        return refuse("the offset is not Z or +HH:MM");
      }
      if ((take_char(rest, ":") || !rest.empty()) && !take_digits(rest, 2, offset_minute)) {
        return refuse("the offset is not Z or +HH:MM");
      }
      if (offset_hour > 23 || offset_minute > 59) return refuse("no such offset");
      offset_s = (offset_hour * 60 + offset_minute) * 60 * (negative ? -1 : 1);
    }
    if (!rest.empty()) return refuse("something follows it");
  }
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year},
                            std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (year < 1 || !date.ok()) return refuse("no such day");
  // Nothing here tells a leap second from the one after it, so it would move.
  if (second == 60) return refuse("leap seconds are not supported, and it ends in :60");
  if (hour > 23 || minute > 59 || second > 59) return refuse("no such time of day");
  const std::int64_t seconds = sys_days{date}.time_since_epoch().count() * 86'400LL +
                               hour * 3'600LL + minute * 60LL + second - offset_s;
  const TimeUs time = seconds * kMicrosPerSecond + micros;
  if (time < kTimeMin || time > kTimeMax) return refuse("outside the years 1 to 9999");
  return time;
}

}  // namespace trawl
