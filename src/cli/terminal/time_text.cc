#include "cli/terminal/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <vector>

#include "base/text.h"

namespace trawl::cli {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

std::tm local_parts(TimeUs time) {
  // Rounds down also before 1970.
  std::time_t seconds = time / kMicrosPerSecond;
  if (time % kMicrosPerSecond < 0) --seconds;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

// Nothing where there is no such day, such as February 30.
std::optional<TimeUs> instant_of(std::tm parts) {
  const std::tm wanted = parts;
  parts.tm_isdst = -1;
  const std::time_t seconds = mktime(&parts);
  if (parts.tm_mday != wanted.tm_mday || parts.tm_mon != wanted.tm_mon) return {};
  return static_cast<TimeUs>(seconds) * kMicrosPerSecond;
}

int days_of(int year, int month) {
  std::tm first{};
  first.tm_year = year;
  first.tm_mon = month + 1;
  first.tm_isdst = -1;
  first.tm_hour = 12;
  first.tm_mday = 0;  // The day before: the last one of the month.
  mktime(&first);
  return first.tm_mday;
}

// The words of a time: "Nov 23 9:30pm" is nov, 23, 9, :, 30, pm.
std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  const auto kind = [](char c) {
    if (c >= '0' && c <= '9') return 1;
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? 2 : 3;
  };
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == ',') {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    do {
      ++i;
    } while (i < text.size() && kind(text[i]) == kind(text[begin]) && kind(text[i]) != 3 &&
             text[i] != ' ');
    std::string token(text.substr(begin, i - begin));
    for (char& c : token) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

bool is_number(const std::string& token) {
  return token.front() >= '0' && token.front() <= '9';
}

// What is less may be a time of day that lost its colon.
constexpr int kFirstYear = 1900;

// Reads a year, a month, a day, a time of day, or the last two of these, in the local time
// zone.
class Reader {
 public:
  Reader(std::string_view text, TimeUs now) : tokens_(tokens_of(text)) {
    parts_ = local_parts(now);
    parts_.tm_hour = parts_.tm_min = parts_.tm_sec = 0;
  }

  struct Span {
    TimeUs begin = 0;
    TimeUs end = 0;        // The last instant of it.
    bool has_day = false;  // Else it is a time of today.
  };

  // Why it is not a time, where there is more to say than that: it names a day that its
  // month does not have.
  const std::string& reason() const { return reason_; }

  std::optional<Span> read() {
    if (tokens_.empty()) return {};
    Span span;
    const bool has_day = read_day();
    span.has_day = has_day;
    const bool wants_time = has_day && (take("t") || take("at"));
    bool has_time = false;
    if (wants_time || at_ < tokens_.size()) {
      if (!read_time_of_day()) return {};
      has_time = true;
    }
    if (has_time && (is_month_ || !read_offset())) return {};
    if (at_ != tokens_.size() || (!has_day && !has_time)) return {};
    auto begin = instant_of(parts_);
    if (!begin) {
      std::string month(kMonths.at(static_cast<std::size_t>(parts_.tm_mon)));
      month.front() = static_cast<char>(month.front() - 'a' + 'A');
      reason_ = fmt::format("{} {} has {} days", month, parts_.tm_year + 1900,
                            days_of(parts_.tm_year, parts_.tm_mon));
      return {};
    }
    if (offset_s_) {
      std::tm parts = parts_;
      begin = (static_cast<TimeUs>(timegm(&parts)) - *offset_s_) * kMicrosPerSecond;
    }
    span.begin = *begin + micros_;
    if (has_time) {
      span.end = *begin + micros_ + unit_ - 1;
    } else {
      // A day has 23 hours where the clock goes forward.
      std::tm next = parts_;
      ++(is_year_ ? next.tm_year : is_month_ ? next.tm_mon : next.tm_mday);
      next.tm_isdst = -1;
      span.end = static_cast<TimeUs>(mktime(&next)) * kMicrosPerSecond - 1;
    }
    return span;
  }

 private:
  bool is_next(std::string_view token, std::size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() && tokens_[at_ + ahead] == token;
  }
  bool take(std::string_view token) {
    const bool taken = is_next(token);
    at_ += taken ? 1 : 0;
    return taken;
  }
  bool take_number(int& value, std::size_t digits_max, int max) {
    if (at_ >= tokens_.size() || !is_number(tokens_[at_])) return false;
    const std::string& digits = tokens_[at_];
    std::int64_t number = 0;
    if (digits.size() > digits_max || !parse_integer(digits, number) || number > max) {
      return false;
    }
    value = static_cast<int>(number);
    ++at_;
    return true;
  }
  // The place of a name in a list, by its first three letters or all of them.
  template <std::size_t kSize>
  std::optional<int> take_name(const std::array<std::string_view, kSize>& names) {
    if (at_ >= tokens_.size()) return {};
    const std::string& token = tokens_[at_];
    for (std::size_t i = 0; i < kSize; ++i) {
      if (token != names[i] && token != names[i].substr(0, 3)) continue;
      ++at_;
      return static_cast<int>(i);
    }
    return {};
  }

  bool read_day() {
    if (take("today")) return true;
    if (tokens_.size() == 1 && tokens_[0].size() == 4 && is_number(tokens_[0])) {
      int year = 0;
      is_year_ = take_number(year, 4, 9999) && year >= kFirstYear;
      if (!is_year_) return fail();
      parts_.tm_year = year - 1900;
      parts_.tm_mon = 0;
      parts_.tm_mday = 1;
      return true;
    }
    if (take("yesterday")) {
      --parts_.tm_mday;
      return normalized();
    }
    if (const auto weekday = take_name(kWeekdays)) {
      parts_.tm_mday -= (parts_.tm_wday - *weekday + 7) % 7;
      return normalized();
    }
    if (const auto month = take_name(kMonths)) {
      int day = 0;
      is_month_ = !take_number(day, 2, 31);
      const int this_month = parts_.tm_mon;
      parts_.tm_mon = *month;
      parts_.tm_mday = is_month_ ? 1 : day;
      if (is_month_ && at_ == tokens_.size()) {
        // The last one of that name, as with weekdays.
        if (*month > this_month) --parts_.tm_year;
        return true;
      }
      int year = 0;
      if (at_ < tokens_.size() && tokens_[at_].size() == 4 && take_number(year, 4, 9999)) {
        parts_.tm_year = year - 1900;
      } else if (is_month_) {
        return fail();
      }
      return true;
    }
    int year = 0;
    int month = 0;
    int day = 1;
    if (is_next("-", 1) && tokens_[at_].size() == 4) {
      if (!take_number(year, 4, 9999) || !take("-") || !take_number(month, 2, 99)) {
        return fail();
      }
      is_month_ = at_ == tokens_.size();
      if (!is_month_ && (!take("-") || !take_number(day, 2, 99))) return fail();
      if (month < 1 || month > 12) {
        reason_ = "a year has 12 months";
        return fail();
      }
      parts_.tm_year = year - 1900;
      parts_.tm_mon = month - 1;
      parts_.tm_mday = day;
      return true;
    }
    return false;
  }

  bool read_time_of_day() {
    if (!take_number(parts_.tm_hour, 2, 23)) return false;
    bool named = false;
    if (take(":")) {
      named = true;
      unit_ = kMicrosPerMinute;
      if (!take_two_digits(parts_.tm_min, 59)) return false;
      if (take(":")) {
        unit_ = kMicrosPerSecond;
        if (!take_two_digits(parts_.tm_sec, 59)) return false;
        if (take(".") && !take_fraction()) return false;
      }
    }
    for (const std::string_view half : {"am", "pm"}) {
      if (!take(half)) continue;
      named = true;
      if (parts_.tm_hour == 0 || parts_.tm_hour > 12) return false;
      parts_.tm_hour = parts_.tm_hour % 12 + (half == "pm" ? 12 : 0);
    }
    return named;  // A number alone is not a time.
  }
  bool take_two_digits(int& value, int max) {
    return at_ < tokens_.size() && tokens_[at_].size() == 2 && take_number(value, 2, max);
  }
  bool take_fraction() {
    if (at_ >= tokens_.size() || !is_number(tokens_[at_])) return false;
    std::string digits = tokens_[at_++];
    digits.resize(6, '0');
    unit_ = 1;
    return parse_integer(digits, micros_);
  }

  // "UTC" or "+02:00", where there is one.
  bool read_offset() {
    if (take("utc") || take("z")) {
      offset_s_ = 0;
      return true;
    }
    const bool negative = is_next("-");
    if (!take("+") && !take("-")) return true;
    int hours = 0;
    int minutes = 0;
    if (!take_two_digits(hours, 23) || !take(":") || !take_two_digits(minutes, 59)) {
      return false;
    }
    offset_s_ = (hours * 3600 + minutes * 60) * (negative ? -1 : 1);
    return true;
  }

  // Sets month and year right after days were taken off.
  bool normalized() {
    std::tm noon = parts_;
    noon.tm_hour = 12;
    noon.tm_isdst = -1;
    mktime(&noon);
    parts_.tm_year = noon.tm_year;
    parts_.tm_mon = noon.tm_mon;
    parts_.tm_mday = noon.tm_mday;
    return true;
  }
  // Leaves something that nothing reads.
  bool fail() {
    at_ = tokens_.size() + 1;
    return false;
  }

  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
  std::tm parts_{};
  std::int64_t micros_ = 0;
  std::string reason_;
  bool is_month_ = false;        // All of one.
  bool is_year_ = false;         // Likewise.
  std::optional<int> offset_s_;  // As it was typed; else that of the local time zone.
  TimeUs unit_ = kMicrosPerHour;
};

// Seconds or milliseconds since 1970, told apart by size as the server does.
std::optional<TimeUs> since_1970(std::string_view text) {
  std::int64_t number = 0;
  if (text.size() < 9 || !parse_integer(text, number) || number < 0) return {};
  const bool in_seconds = number < 100'000'000'000;
  const std::int64_t unit = in_seconds ? kMicrosPerSecond : 1000;
  if (number > kTimeMax / unit) return {};
  return number * unit;
}

struct TimeUnit {
  std::string_view letter;  // As the server reads it.
  TimeUs length;
  std::array<std::string_view, 5> names;
};
constexpr std::array<TimeUnit, 5> kUnits = {{
    {"s", kMicrosPerSecond, {"s", "sec", "secs", "second", "seconds"}},
    {"m", kMicrosPerMinute, {"m", "min", "mins", "minute", "minutes"}},
    {"h", kMicrosPerHour, {"h", "hr", "hrs", "hour", "hours"}},
    {"d", kMicrosPerDay, {"d", "day", "days", "day", "days"}},
    {"w", 7 * kMicrosPerDay, {"w", "wk", "wks", "week", "weeks"}},
}};

// "-2weeks", "2 weeks ago" or "1h30m" as the server reads it: -2w, -5400s.
std::optional<std::string> server_span(std::string_view text, TimeUs length) {
  for (auto unit = kUnits.rbegin(); unit != kUnits.rend(); ++unit) {
    // In the unit that was typed, where there was one: -24h stays -24h.
    const auto letters = text.find_first_not_of("-0123456789 ");
    if (letters == std::string_view::npos || text[letters] != unit->letter.front())
      continue;
    if (length % unit->length == 0) {
      return fmt::format("-{}{}", length / unit->length, unit->letter);
    }
  }
  if (length % kMicrosPerSecond != 0) return {};
  return fmt::format("-{}s", length / kMicrosPerSecond);
}

// The span before now that is meant, as the server reads it.
//   usage  a '-' begins something else
Outcome<std::optional<std::string>> read_past(std::string_view flag, std::string_view text,
                                              TimeUs now) {
  const bool is_past = text.starts_with('-');
  std::string_view span = is_past ? text.substr(1) : text;
  if (span.ends_with(" ago")) span.remove_suffix(4);
  // "last week" is the last one week, up to now.
  std::string words(trim(span));
  for (const std::string_view head : {"last ", "past "}) {
    if (!words.starts_with(head)) continue;
    words.erase(0, head.size());
    if (!words.empty() && (words.front() < '0' || words.front() > '9'))
      words.insert(0, "1 ");
  }
  const auto length = read_span(words);
  if (length && *length > now - kTimeMin) {
    return usage_failure(fmt::format("{} is '{}', which is before the year 1", flag,
                                     truncate_text(text, 64)));
  }
  auto out = length ? server_span(words, *length) : std::nullopt;
  if (out || !is_past) return out;
  return usage_failure(fmt::format(
      "{} is '{}', which is not a time span; use a number with s, m, h, d or w, "
      "as in -15m, -24h or -7d",
      flag, truncate_text(text, 64)));
}

}  // namespace

std::optional<TimeUs> read_span(std::string_view text) {
  TimeUs length = 0;
  const auto tokens = tokens_of(text);
  if (tokens.empty() || tokens.size() % 2 != 0) return {};
  for (std::size_t i = 0; i < tokens.size(); i += 2) {
    std::int64_t count = 0;
    if (!is_number(tokens[i]) || !parse_integer(tokens[i], count)) return {};
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& one) {
      return std::find(one.names.begin(), one.names.end(), tokens[i + 1]) !=
             one.names.end();
    });
    TimeUs part = 0;
    if (unit == kUnits.end() || __builtin_mul_overflow(count, unit->length, &part) ||
        __builtin_add_overflow(length, part, &length)) {
      return {};
    }
  }
  return length;
}

Outcome<std::string> read_time(std::string_view flag, std::string_view text, TimeUs now,
                               TimeEnd end) {
  const std::string_view trimmed = trim(text);
  TRAWL_ASSIGN(const auto past, read_past(flag, trimmed, now));
  if (past) return *past;
  if (trimmed == "now") return format_time(now);
  if (const auto time = since_1970(trimmed)) return format_time(*time);
  // An instant covers only itself, unlike what the tables show of one.
  if (trimmed.size() > 10 && (trimmed[10] == 'T' || trimmed[10] == 't') &&
      trimmed.find_first_of("Zz+-", 10) != std::string_view::npos) {
    if (const auto time = parse_time(trimmed)) return format_time(*time);
  }
  Reader reader(trimmed, now);
  const auto span = reader.read();
  if (!span && !reader.reason().empty()) {
    return usage_failure(
        fmt::format("{} is '{}', but {}", flag, truncate_text(text, 64), reader.reason()));
  }
  if (!span) {
    static constexpr std::string_view kWords[] = {
        "today",     "yesterday", "now",    "monday",   "tuesday",
        "wednesday", "thursday",  "friday", "saturday", "sunday"};
    return usage_failure(
        fmt::format("{} is '{}', which is not a time{}; use 2026-01-31, '2026-01-31 "
                    "10:00', 2026-01, 9:00, "
                    "today, yesterday, monday, -15m, -24h, -7d, or RFC 3339",
                    flag, truncate_text(text, 64),
                    did_you_mean(trimmed, {std::begin(kWords), std::end(kWords)})));
  }
  if (end == TimeEnd::begin && !span->has_day && span->begin > now) {
    return usage_failure(fmt::format(
        "{} is '{}', which is yet to come today; use 'yesterday {}' if you mean that", flag,
        trimmed, trimmed));
  }
  if (span->begin < kTimeMin || span->end > kTimeMax) {
    return usage_failure(
        fmt::format("{} is '{}', which is outside the years 1 to 9999", flag, trimmed));
  }
  return format_time(end == TimeEnd::begin ? span->begin : span->end);
}

std::string format_local_time(TimeUs time, TimeUs now) {
  const std::tm then = local_parts(time);
  std::array<char, 32> text{};
  const char* pattern =
      then.tm_year == local_parts(now).tm_year ? "%b %d %H:%M:%S" : "%Y-%m-%d %H:%M";
  std::strftime(text.data(), text.size(), pattern, &then);
  std::string out = text.data();
  const std::string offset = utc_offset(time);
  if (offset != utc_offset(now)) out.append(" ").append(offset);
  return out;
}

std::string utc_offset(TimeUs time) {
  const long seconds = local_parts(time).tm_gmtoff;
  if (seconds == 0) return "UTC";
  const long minutes = std::labs(seconds) / 60;
  return fmt::format("{}{:02}:{:02}", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void show_utc() {
  ::setenv("TZ", "UTC0", 1);
  ::tzset();
}

}  // namespace trawl::cli
