#include "api/wire/time_value.h"

#include <gtest/gtest.h>

namespace trawl::api::time_value_test {
namespace {

constexpr TimeUs kNow = 1'772'366'700 * kMicrosPerSecond;  // 2026-03-01T12:05:00Z

Result<TimeUs> read(json::value value) {
  return parse_time_value(value, kNow, "start_time");
}

TEST(TimeValue, EveryFormOfTheSameInstant) {
  for (const json::value& value :
       {json::value("2026-03-01T12:05:00Z"), json::value("2026-03-01T14:05:00+02:00"),
        json::value("2026-03-01 12:05"), json::value(1772366700),
        json::value(1772366700000), json::value(1772366700.0), json::value(1.7723667e12)}) {
    const auto time = read(value);
    ASSERT_TRUE(time) << to_json_text(value) << ": " << time.error().message;
    EXPECT_EQ(*time, kNow) << to_json_text(value);
  }
  EXPECT_EQ(read("2026-03-01").value(), kNow - 12 * kMicrosPerHour - 5 * kMicrosPerMinute);
}

TEST(TimeValue, SecondsAndMillisecondsAreToldApartBySize) {
  EXPECT_EQ(read(0).value(), 0);
  EXPECT_EQ(read(-1).value(), -kMicrosPerSecond);
  EXPECT_EQ(read(99'999'999'999).value(), 99'999'999'999 * kMicrosPerSecond);
  EXPECT_EQ(read(100'000'000'000).value(), 100'000'000 * kMicrosPerSecond);
  EXPECT_EQ(read(1772366700.25).value(), kNow + 250'000);
}

TEST(TimeValue, TheYear9999IsTheLast) {
  EXPECT_EQ(read(253'402'300'799'999).value(), kTimeMax - 999);
  EXPECT_FALSE(read(253'402'300'800'000));
  EXPECT_FALSE(read(253'402'300'800'000.0));
  EXPECT_LE(read(253'402'300'799'999.5).value(), kTimeMax);
  EXPECT_EQ(read(-62'135'596'800).value(), kTimeMin);
  EXPECT_FALSE(read(-62'135'596'801));
}

TEST(TimeValue, RelativeTimesCountBackFromNow) {
  EXPECT_EQ(read("-30s").value(), kNow - 30 * kMicrosPerSecond);
  EXPECT_EQ(read("-15m").value(), kNow - 15 * kMicrosPerMinute);
  EXPECT_EQ(read("-24h").value(), kNow - kMicrosPerDay);
  EXPECT_EQ(read("-7d").value(), kNow - 7 * kMicrosPerDay);
  EXPECT_EQ(read("-2w").value(), kNow - 14 * kMicrosPerDay);
  EXPECT_EQ(read("-0s").value(), kNow);
}

TEST(TimeValue, AnythingElseIsRefusedAtItsPlace) {
  for (const json::value& value :
       {json::value("yesterday"), json::value(""), json::value("-"), json::value("-h"),
        json::value("-5"), json::value("-5y"), json::value("--5m"), json::value("-1.5h"),
        json::value("-99999999999999999999d"), json::value("-9000000000000000000w"),
        json::value("2026-02-30"), json::value(true), json::value(json::array()),
        json::value(json::object()), json::value(1e300), json::value(9e18)}) {
    const auto time = read(value);
    ASSERT_FALSE(time) << to_json_text(value);
    EXPECT_EQ(time.error().code, ErrorCode::invalid);
    EXPECT_EQ(time.error().location, "start_time");
  }
}

}  // namespace
}  // namespace trawl::api::time_value_test
