#include "cli/terminal/time_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace trawl::cli::time_text_test {
namespace {

class TimeTextTest : public testing::Test {
 protected:
  void SetUp() override { use("Europe/Berlin"); }
  void TearDown() override {
    ::unsetenv("TZ");
    ::tzset();
  }
  static void use(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  std::string read(std::string_view text, TimeEnd end = TimeEnd::begin) const {
    const auto time = read_time("--since", text, now_, end);
    return time ? *time : "refused: " + time.error().message;
  }
  std::string until(std::string_view text) const { return read(text, TimeEnd::end); }
  bool refuses(std::string_view text) const {
    return read(text).starts_with("refused: --since is '");
  }

  // A Thursday, 11:30 in Berlin.
  TimeUs now_ = *parse_time("2026-11-26T10:30:00Z");
};

TEST_F(TimeTextTest, WordsAreDaysOfTheLocalZone) {
  EXPECT_EQ(read("today"), "2026-11-25T23:00:00.000000Z");
  EXPECT_EQ(until("today"), "2026-11-26T22:59:59.999999Z");
  EXPECT_EQ(read("yesterday"), "2026-11-24T23:00:00.000000Z");
  EXPECT_EQ(until("Yesterday"), "2026-11-25T22:59:59.999999Z");
  EXPECT_EQ(read("thursday"), "2026-11-25T23:00:00.000000Z");
  EXPECT_EQ(read("friday"), "2026-11-19T23:00:00.000000Z");
  EXPECT_EQ(read("Mon"), "2026-11-22T23:00:00.000000Z");
  EXPECT_EQ(read("monday 9:00"), "2026-11-23T08:00:00.000000Z");
  EXPECT_EQ(read("yesterday at 9pm"), "2026-11-25T20:00:00.000000Z");
  EXPECT_EQ(read("now"), "2026-11-26T10:30:00.000000Z");
}

TEST_F(TimeTextTest, AMonthIsAllOfIt) {
  for (const auto* text : {"2026-10", "october", "Oct", "oct 2026", "October 2026"}) {
    EXPECT_EQ(read(text), "2026-09-30T22:00:00.000000Z") << text;
    EXPECT_EQ(until(text), "2026-10-31T22:59:59.999999Z") << text;
  }
  EXPECT_EQ(read("2026-12"), "2026-11-30T23:00:00.000000Z");
  EXPECT_EQ(read("december"), "2025-11-30T23:00:00.000000Z");
  EXPECT_EQ(until("2025-12"), "2025-12-31T22:59:59.999999Z");
  EXPECT_EQ(until("2024-02"), "2024-02-29T22:59:59.999999Z");
  EXPECT_NE(read("2026-13").find("a year has 12 months"), std::string::npos);
  for (const auto* text : {"2026-", "2026-10 9:00", "oct 9:00", "2026-10-", "oct 20266"}) {
    EXPECT_TRUE(refuses(text)) << text;
  }
}

TEST_F(TimeTextTest, AYearIsAllOfIt) {
  EXPECT_EQ(read("2025"), "2024-12-31T23:00:00.000000Z");
  EXPECT_EQ(until("2025"), "2025-12-31T22:59:59.999999Z");
  for (const auto* text : {"0900", "1430", "2025 9:00", "2025-", "20255"}) {
    EXPECT_TRUE(refuses(text)) << text << " is " << read(text);
  }
}

TEST_F(TimeTextTest, SpansAreOfThePastHoweverTheyAreWritten) {
  for (const auto* text : {"-2w", "-2weeks", "-2 weeks", "2weeks", "2 weeks ago", "2w"}) {
    EXPECT_EQ(read(text), "-2w") << text;
    EXPECT_EQ(until(text), "-2w") << text;
  }
  EXPECT_EQ(read("1h"), "-1h");
  EXPECT_EQ(read("last week"), "-1w");
  EXPECT_EQ(read("past 3 days"), "-3d");
  EXPECT_EQ(read("-24h"), "-24h");
  EXPECT_EQ(read("90min"), "-90m");
  EXPECT_EQ(read("-1 day"), "-1d");
  EXPECT_EQ(read("-1h30m"), "-5400s");
  for (const auto* text : {"-1", "-2fortnights", "-", "-h", "-1month",
                           "-99999999999999999d", "-99999999w", "--1h"}) {
    EXPECT_TRUE(refuses(text)) << read(text);
  }
  EXPECT_EQ(read_span("90d"), 90 * kMicrosPerDay);
  EXPECT_EQ(read_span("2026-01-31"), std::nullopt);
}

TEST_F(TimeTextTest, DaysThatThereAreNotAreNamed) {
  for (const auto* text : {"2026-11-31", "2026-11-31 10:00", "2026-11-31T10:00:00Z",
                           "nov 31", "November 31 2026"}) {
    EXPECT_NE(read(text).find("but November 2026 has 30 days"), std::string::npos)
        << read(text);
  }
  EXPECT_NE(read("2026-13-01").find("a year has 12 months"), std::string::npos);
  EXPECT_NE(read("2026-11-99").find("November 2026 has 30 days"), std::string::npos);
  EXPECT_NE(read("2026-02-29").find("February 2026 has 28 days"), std::string::npos);
  EXPECT_NE(read("2024-02-30").find("February 2024 has 29 days"), std::string::npos);
}

TEST_F(TimeTextTest, AnEndCoversItsUnit) {
  EXPECT_EQ(read("2026-11-20"), "2026-11-19T23:00:00.000000Z");
  EXPECT_EQ(until("2026-11-20"), "2026-11-20T22:59:59.999999Z");
  EXPECT_EQ(until("2026-11-20 10:15"), "2026-11-20T09:15:59.999999Z");
  EXPECT_EQ(until("2026-11-20T10:15:07"), "2026-11-20T09:15:07.999999Z");
  EXPECT_EQ(until("2026-11-20 10:15:07.25"), "2026-11-20T09:15:07.250000Z");
  EXPECT_EQ(until("9pm"), "2026-11-26T20:59:59.999999Z");
  // An instant is one.
  EXPECT_EQ(until("2026-11-20T10:15:07Z"), "2026-11-20T10:15:07.000000Z");
  EXPECT_EQ(until("2026-11-20T10:15+02:00"), "2026-11-20T08:15:00.000000Z");
  EXPECT_EQ(until("1769853600"), "2026-01-31T10:00:00.000000Z");
  EXPECT_EQ(until("1769853600000"), "2026-01-31T10:00:00.000000Z");
}

TEST_F(TimeTextTest, TimesOfTodayAndBeforeNow) {
  EXPECT_EQ(read("9:00"), "2026-11-26T08:00:00.000000Z");
  EXPECT_EQ(read("09:00:30"), "2026-11-26T08:00:30.000000Z");
  EXPECT_EQ(read("9am"), "2026-11-26T08:00:00.000000Z");
  EXPECT_EQ(read("12am"), "2026-11-25T23:00:00.000000Z");
  EXPECT_EQ(until("5:30 pm"), "2026-11-26T16:30:59.999999Z");
  EXPECT_EQ(read("-15m"), "-15m");
  EXPECT_NE(read("17:00").find("use 'yesterday 17:00'"), std::string::npos);
}

// Goal: what a table shows can be given back, and then includes what it was shown for.
TEST_F(TimeTextTest, WhatIsShownCanBeGivenBack) {
  EXPECT_EQ(utc_offset(now_), "+01:00");
  for (const char* zone : {"Europe/Berlin", "UTC", "Asia/Kolkata", "America/St_Johns"}) {
    use(zone);
    for (const char* text :
         {"2026-11-23T12:03:05.999999Z", "2026-07-01T00:00:00Z", "2024-02-29T23:59:59Z",
          "2025-06-30T22:30:15Z", "2026-01-01T00:00:00.5Z", "2026-10-25T00:30:00Z",
          "2026-10-25T01:30:00Z", "1969-12-31T23:59:59.5Z"}) {
      const TimeUs time = *parse_time(text);
      const std::string shown = format_local_time(time, now_);
      EXPECT_LE(*parse_time(read(shown)), time) << zone << ": " << shown;
      EXPECT_GE(*parse_time(until(shown)), time) << zone << ": " << shown;
      EXPECT_LT(*parse_time(until(shown)) - *parse_time(read(shown)), kMicrosPerMinute)
          << zone << ": " << shown;
    }
  }
}

TEST_F(TimeTextTest, ShowsTheZone) {
  use("Asia/Tokyo");
  EXPECT_EQ(format_local_time(*parse_time("2026-11-23T12:03:05.999999Z"), now_),
            "Nov 23 21:03:05");
  // Already the next year in Tokyo, and not yet in London.
  EXPECT_EQ(format_local_time(*parse_time("2026-12-31T20:00:00Z"), now_),
            "2027-01-01 05:00");
  EXPECT_EQ(format_local_time(-1, now_), "1970-01-01 08:59");
  use("Europe/Berlin");
  EXPECT_EQ(format_local_time(*parse_time("2026-07-01T10:00:00Z"), now_),
            "Jul 01 12:00:00 +02:00");
  show_utc();
  EXPECT_EQ(utc_offset(now_), "UTC");
  EXPECT_EQ(format_local_time(*parse_time("2026-07-01T10:00:00Z"), now_),
            "Jul 01 10:00:00");
  EXPECT_EQ(read("today"), "2026-11-26T00:00:00.000000Z");
}

TEST_F(TimeTextTest, ADayHas23Or25HoursWhereTheClockChanges) {
  EXPECT_EQ(read("2026-03-29"), "2026-03-28T23:00:00.000000Z");
  EXPECT_EQ(until("2026-03-29"), "2026-03-29T21:59:59.999999Z");
  EXPECT_EQ(read("2026-10-25"), "2026-10-24T22:00:00.000000Z");
  EXPECT_EQ(until("2026-10-25"), "2026-10-25T22:59:59.999999Z");
}

TEST_F(TimeTextTest, RefusesEverythingElseWithARemedy) {
  for (const char* text : {"",
                           " ",
                           "9",
                           "25:00",
                           "9:60",
                           "9:5",
                           "13pm",
                           "0am",
                           "2026-02-30",
                           "2026-13-01",
                           "2026-01-31x",
                           "Nov -",
                           "Nov 31",
                           "lastweek",
                           "today today",
                           "10:00:60",
                           "today 9",
                           "12:00 +2",
                           "99999999999999999999",
                           "2026-1-1T",
                           "monday tuesday",
                           ":"}) {
    EXPECT_TRUE(refuses(text)) << text << " is " << read(text);
  }
  EXPECT_NE(read("yesterdya").find("did you mean 'yesterday'?"), std::string::npos);
}

}  // namespace
}  // namespace trawl::cli::time_text_test
