#include "base/time_zone.h"

#include <gtest/gtest.h>

namespace trawl::time_zone_test {
namespace {

TimeUs at(std::string_view text) {
  return parse_time(text).value();
}

TimeZone zone(std::string_view name) {
  return TimeZone::parse(name).value();
}

TEST(TimeZone, OffsetsAndUtcNeedNoDatabase) {
  EXPECT_TRUE(TimeZone().is_utc());
  for (const char* utc : {"UTC", "Z", "+00:00", "-0000", "+00"}) {
    EXPECT_TRUE(zone(utc).is_utc()) << utc;
    EXPECT_EQ(zone(utc).name(), "UTC");
  }
  for (const auto& [text, name, minutes] :
       {std::tuple{"+05:30", "+05:30", 330}, std::tuple{"-0330", "-03:30", -210},
        std::tuple{"+14", "+14:00", 840}, std::tuple{"-18:00", "-18:00", -1080}}) {
    EXPECT_EQ(zone(text).name(), name);
    EXPECT_EQ(zone(text).offset_us_at(0), minutes * kMicrosPerMinute);
    EXPECT_EQ(zone(text).instant_of(0), -minutes * kMicrosPerMinute);
  }
}

TEST(TimeZone, WhatIsNoneIsRefusedWithTheNearest) {
  for (const char* text : {"", " ", "+", "+5", "+05:60", "+18:01", "+5:30", "05:30", "+٣٠",
                           "Mars/Base", "../../etc/passwd", "/etc/passwd", "+05:30:00"}) {
    const auto found = TimeZone::parse(text);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().code, ErrorCode::invalid);
    EXPECT_NE(found.error().message.find("Europe/Berlin"), std::string::npos);
  }
  for (const auto& [text, meant] :
       {std::pair{"europe/berlin", "'Europe/Berlin'"},
        std::pair{"Berlin", "'Europe/Berlin'"},
        std::pair{"Europe/Brelin", "'Europe/Berlin'"}, std::pair{"utc", "'UTC'"}}) {
    const auto found = TimeZone::parse(text);
    ASSERT_FALSE(found) << text;
    EXPECT_NE(found.error().message.find(meant), std::string::npos)
        << found.error().message;
  }
}

TEST(TimeZone, ZonesKnowSummerTime) {
  const TimeZone berlin = zone("Europe/Berlin");
  EXPECT_FALSE(berlin.is_utc());
  EXPECT_EQ(berlin.name(), "Europe/Berlin");
  EXPECT_EQ(berlin.offset_us_at(at("2026-03-29T00:59:59.999999Z")), kMicrosPerHour);
  EXPECT_EQ(berlin.offset_us_at(at("2026-03-29T01:00:00Z")), 2 * kMicrosPerHour);
  const auto stretch = berlin.stretch_at(at("2026-07-01T00:00:00Z"));
  EXPECT_EQ(stretch.begin, at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(stretch.end, at("2026-10-25T01:00:00Z"));
  // Skipped, and shown twice.
  EXPECT_EQ(berlin.instant_of(at("2026-03-29T02:30:00Z")), at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(berlin.instant_of(at("2026-10-25T02:30:00Z")), at("2026-10-25T00:30:00Z"));
  EXPECT_EQ(berlin.instant_of(at("2026-10-25T03:00:00Z")), at("2026-10-25T02:00:00Z"));
}

TEST(TimeZone, TimesAreWrittenWithTheirOffset) {
  const TimeZone berlin = zone("Europe/Berlin");
  EXPECT_EQ(format_time(at("2026-06-30T22:00:00Z"), berlin),
            "2026-07-01T00:00:00.000000+02:00");
  EXPECT_EQ(format_time(at("2026-06-30T22:00:00Z"), zone("-03:30")),
            "2026-06-30T18:30:00.000000-03:30");
  EXPECT_EQ(format_time(at("2026-06-30T22:00:00Z"), TimeZone()),
            "2026-06-30T22:00:00.000000Z");
  // Local mean time was 53 minutes and 28 seconds ahead.
  EXPECT_EQ(format_time(at("1890-01-01T00:00:00Z"), berlin), "1890-01-01T00:00:00.000000Z");
  for (const TimeUs end : {kTimeMin, kTimeMax}) {
    for (const char* name : {"Europe/Berlin", "Pacific/Apia", "+14:00", "-12:00"}) {
      EXPECT_EQ(at(format_time(end, zone(name))), end);
    }
  }
}

}  // namespace
}  // namespace trawl::time_zone_test
