#include "base/clock.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>

namespace trawl::clock_test {
namespace {

TimeUs at(std::string_view text) {
  const auto time = parse_time(text);
  EXPECT_TRUE(time) << text << ": " << time.error().message;
  return time ? *time : 0;
}

bool is_leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_in(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

std::string date_text(int year, int month, int day) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02d", year, month, day);
  return buffer;
}

// Goal: every day from year 1 to 9999 is the one after the day before it, in both
// directions, and the days that do not exist are refused.
TEST(Clock, EveryDayOfTheCalendar) {
  TimeUs expected = kTimeMin;
  for (int year = 1; year <= 9999; ++year) {
    // Every day of some years, the ends of the months of all of them.
    const bool whole = year < 3 || year > 9997 || (year >= 1999 && year <= 2001);
    for (int month = 1; month <= 12; ++month) {
      const int last = days_in(year, month);
      for (int day = 1; day <= last; ++day, expected += kMicrosPerDay) {
        if (!whole && day != 1 && day != last) continue;
        const std::string text = date_text(year, month, day);
        const auto time = parse_time(text);
        ASSERT_TRUE(time) << text;
        ASSERT_EQ(*time, expected) << text;
        ASSERT_EQ(format_time(expected), text + "T00:00:00.000000Z");
      }
      ASSERT_FALSE(parse_time(date_text(year, month, last + 1)));
    }
  }
  EXPECT_EQ(expected - 1, kTimeMax);
}

TEST(Clock, FormatAndParseAgree) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 rng(seed);
  std::uniform_int_distribution<TimeUs> any(kTimeMin, kTimeMax);
  TimeUs previous = 0;
  for (int i = 0; i < 20'000; ++i) {
    const TimeUs time = any(rng);
    EXPECT_EQ(at(format_time(time)), time);
    // Text order is time order.
    EXPECT_EQ(format_time(time) < format_time(previous), time < previous);
    previous = time;
  }
  EXPECT_EQ(format_time(kTimeMin), "0001-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_time(kTimeMax), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999999Z");
}

TEST(Clock, FormsOfOneInstant) {
  const TimeUs time = at("2026-01-31T10:00:00Z");
  EXPECT_EQ(time, 1'769'853'600 * kMicrosPerSecond);
  for (const auto text : {"2026-01-31T10:00:00", "2026-01-31 10:00:00",
                          "2026-01-31t10:00:00z", "2026-01-31T10:00Z", "2026-01-31T10:00",
                          "2026-01-31T10:00:00.0Z", "2026-01-31T10:00:00.000000000Z",
                          "2026-01-31T10:00:00+00:00", "2026-01-31T10:00:00-00:00",
                          "2026-01-31T15:30:00+05:30", "2026-01-31T15:30:00+0530",
                          "2026-01-31T05:00:00-05", "2026-02-01T09:59:00+23:59"}) {
    EXPECT_EQ(at(text), time) << text;
  }
}

TEST(Clock, FractionsAreCutToMicroseconds) {
  const TimeUs second = at("2026-01-31T10:00:00Z");
  EXPECT_EQ(at("2026-01-31T10:00:00.5Z"), second + 500'000);
  EXPECT_EQ(at("2026-01-31T10:00:00.000001Z"), second + 1);
  EXPECT_EQ(at("2026-01-31T10:00:00.0000019Z"), second + 1);
  EXPECT_EQ(at("2026-01-31T10:00:00.999999999"), second + 999'999);
  EXPECT_EQ(at("2026-01-31T10:00:00.12345678901234567890Z"), second + 123'456);
  EXPECT_EQ(at("2026-01-31T10:00:00." + std::string(500, '9') + "Z"), second + 999'999);
  EXPECT_EQ(at("1969-12-31T23:59:59.25Z"), -750'000);
}

TEST(Clock, RefusesWhatIsNoTime) {
  for (const std::string text : {"",
                                 "x",
                                 "2026",
                                 "2026-01",
                                 "2026-1-31",
                                 "26-01-31",
                                 "2026-01-31T",
                                 "2026-01-31T10",
                                 "2026-01-31T10:",
                                 "2026-01-31T10:0",
                                 "2026-01-31T10:00:",
                                 "2026-01-31T10:00:0",
                                 "2026-01-31T10:00:00.",
                                 "2026-01-31T10:00:00.Z",
                                 "2026-01-31T10:00.5Z",
                                 "2026-01-31T10:00:00ZZ",
                                 "2026-01-31T10:00:00Z ",
                                 " 2026-01-31T10:00:00Z",
                                 "2026-01-31T10:00:00+",
                                 "2026-01-31T10:00:00+5",
                                 "2026-01-31T10:00:00+05:",
                                 "2026-01-31T10:00:00+05:3",
                                 "2026-01-31T10:00:00+24:00",
                                 "2026-01-31T10:00:00+05:60",
                                 "2026-01-31T24:00:00Z",
                                 "2026-01-31T10:60:00Z",
                                 "2026-01-31T09:59:60Z",
                                 "2026-01-31T10:00:61Z",
                                 "2026-00-10",
                                 "2026-13-10",
                                 "2026-01-00",
                                 "2026-01-32",
                                 "2026-02-29",
                                 "1900-02-29",
                                 "2100-02-29",
                                 "0000-01-01",
                                 "2026-04-31",
                                 "2026/01/31",
                                 "-026-01-31",
                                 "2026-01-31Z",
                                 "0001-01-01T00:00:00+00:01",
                                 "9999-12-31T23:59:59-00:01",
                                 "9999-12-31T23:59:60Z"}) {
    const auto time = parse_time(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, ErrorCode::invalid);
    EXPECT_NE(time.error().message.find("2026-01-31T10:00:00Z"), std::string::npos);
  }
  EXPECT_EQ(at("2000-02-29") - at("2000-02-28"), kMicrosPerDay);
}

TEST(Clock, RandomBytesAreNeverTrouble) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = "2026-01-31T10:00:00.5+05:30";
    for (auto n = rng() % 3 + 1; n > 0; --n) {
      const auto place = rng() % text.size();
      static constexpr std::string_view kBytes = "0123456789-+:.TZtz \xff";
      text[place] = kBytes[rng() % kBytes.size()];
    }
    text.resize(rng() % (text.size() + 1));
    if (const auto time = parse_time(text)) {
      EXPECT_EQ(at(format_time(*time)), *time) << text;
    }
  }
}

TEST(Clock, ClocksMove) {
  const TimeUs wall = system_clock().now();
  EXPECT_GT(wall, at("2020-01-01"));
  const TimeUs begin = monotonic_us();
  EXPECT_LE(begin, monotonic_us());
}

}  // namespace
}  // namespace trawl::clock_test
