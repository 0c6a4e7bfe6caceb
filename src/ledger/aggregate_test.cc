#include "ledger/aggregate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace trawl::aggregate_test {
namespace {

TimeUs at(std::string_view text) {
  return parse_time(text).value();
}

TimeZone zone(std::string_view name) {
  return TimeZone::parse(name).value();
}

std::string span_text(TimeBucket bucket, std::string_view time, const char* name) {
  const TimeZone where = zone(name);
  const BucketSpan span = bucket_span(bucket, at(time), where);
  const auto text = [&](TimeUs end) { return format_time(end, where).erase(16, 10); };
  return text(span.begin) + " " + text(span.end);
}

TEST(BucketSpan, DaysBeginAtLocalMidnight) {
  const auto day = [](std::string_view time, const char* name) {
    return span_text(TimeBucket::day, time, name);
  };
  EXPECT_EQ(day("2026-06-30T22:30:00Z", "Europe/Berlin"),
            "2026-07-01T00:00+02:00 2026-07-02T00:00+02:00");
  // 23 and 25 hours.
  EXPECT_EQ(day("2026-03-29T12:00:00Z", "Europe/Berlin"),
            "2026-03-29T00:00+01:00 2026-03-30T00:00+02:00");
  EXPECT_EQ(day("2026-10-25T22:59:59Z", "Europe/Berlin"),
            "2026-10-25T00:00+02:00 2026-10-26T00:00+01:00");
  EXPECT_EQ(day("2026-01-01T20:00:00Z", "+05:30"),
            "2026-01-02T00:00+05:30 2026-01-03T00:00+05:30");
  // Clocks skip midnight, show the last hour twice, skip a whole day.
  EXPECT_EQ(day("2018-11-04T12:00:00Z", "America/Sao_Paulo"),
            "2018-11-04T01:00-02:00 2018-11-05T00:00-02:00");
  EXPECT_EQ(day("2018-02-18T02:30:00Z", "America/Sao_Paulo"),
            "2018-02-17T00:00-02:00 2018-02-18T00:00-03:00");
  EXPECT_EQ(day("2011-12-30T10:30:00Z", "Pacific/Apia"),
            "2011-12-31T00:00+14:00 2012-01-01T00:00+14:00");
}

TEST(BucketSpan, WeeksAndMonthsToo) {
  EXPECT_EQ(span_text(TimeBucket::week, "2026-03-29T21:30:00Z", "Europe/Berlin"),
            "2026-03-23T00:00+01:00 2026-03-30T00:00+02:00");
  EXPECT_EQ(span_text(TimeBucket::month, "2026-02-28T23:30:00Z", "Europe/Berlin"),
            "2026-03-01T00:00+01:00 2026-04-01T00:00+02:00");
}

TEST(BucketSpan, HoursBeginWhereLocalClocksShowOne) {
  const auto hour = [](std::string_view time, const char* name) {
    return span_text(TimeBucket::hour, time, name);
  };
  EXPECT_EQ(hour("2026-01-01T20:00:00Z", "Asia/Kolkata"),
            "2026-01-02T01:00+05:30 2026-01-02T02:00+05:30");
  // The two hours from 2 to 3.
  EXPECT_EQ(hour("2026-10-25T00:30:00Z", "Europe/Berlin"),
            "2026-10-25T02:00+02:00 2026-10-25T02:00+01:00");
  EXPECT_EQ(hour("2026-10-25T01:30:00Z", "Europe/Berlin"),
            "2026-10-25T02:00+01:00 2026-10-25T03:00+01:00");
  // Summer time of half an hour.
  EXPECT_EQ(hour("2026-04-04T15:10:00Z", "Australia/Lord_Howe"),
            "2026-04-05T01:30+10:30 2026-04-05T02:00+10:30");
}

// Every instant lies in its span, and so do the first and the last of that span; the next
// span begins where it ends.
TEST(BucketSpan, SpansFollowEachOther) {
  std::mt19937_64 random(
      static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed()));
  const char* const names[] = {"UTC",
                               "+05:45",
                               "-18:00",
                               "Europe/Berlin",
                               "America/Sao_Paulo",
                               "America/St_Johns",
                               "America/Toronto",
                               "Australia/Lord_Howe",
                               "Pacific/Apia",
                               "Africa/Monrovia",
                               "Antarctica/Troll",
                               "Asia/Pyongyang",
                               "Asia/Manila"};
  for (const char* name : names) {
    const TimeZone where = zone(name);
    for (int i = 0; i < 3000; ++i) {
      TimeUs time =
          std::uniform_int_distribution<TimeUs>(at("1840-01-01"), at("2040-01-01"))(random);
      if (i % 10 == 0) {
        time = std::uniform_int_distribution<TimeUs>(kTimeMin, kTimeMax)(random);
      } else if (i % 2 == 0) {
        const TimeUs change = where.stretch_at(time).begin;
        time = std::max(kTimeMin, change) +
               std::uniform_int_distribution<TimeUs>(-kMicrosPerDay, kMicrosPerDay)(random);
      }
      for (const TimeBucket bucket : {TimeBucket::minute, TimeBucket::hour, TimeBucket::day,
                                      TimeBucket::week, TimeBucket::month}) {
        SCOPED_TRACE(testing::Message()
                     << name << " " << time << " " << static_cast<int>(bucket));
        const BucketSpan span = bucket_span(bucket, time, where);
        ASSERT_LE(span.begin, time);
        ASSERT_LT(time, span.end);
        for (const TimeUs other : {span.begin, span.end - 1}) {
          const BucketSpan again = bucket_span(bucket, other, where);
          ASSERT_EQ(again.begin, span.begin);
          ASSERT_EQ(again.end, span.end);
        }
        ASSERT_EQ(bucket_span(bucket, span.end, where).begin, span.end);
      }
    }
  }
}

}  // namespace
}  // namespace trawl::aggregate_test
