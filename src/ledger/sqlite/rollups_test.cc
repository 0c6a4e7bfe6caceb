#include "ledger/sqlite/rollups.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace trawl::sqlite::rollups_test {
namespace {

TimeUs at(std::string_view text) {
  return parse_time(text).value();
}

// First and last instant that a part covers.
std::pair<TimeUs, TimeUs> instants_of(const RangePart& part) {
  if (part.scan) return {part.first, part.last};
  if (part.unit == RollupUnit::all) return {kTimeMin, kTimeMax};
  return {rollup_bucket_start(part.unit, part.first),
          rollup_bucket_start(part.unit, part.last + 1) - 1};
}

TEST(Rollups, BucketsAreCalendarStretches) {
  EXPECT_EQ(rollup_bucket(RollupUnit::minute, 0), 0);
  EXPECT_EQ(rollup_bucket(RollupUnit::minute, -1), -1);
  EXPECT_EQ(rollup_bucket(RollupUnit::hour, kMicrosPerHour - 1), 0);
  EXPECT_EQ(rollup_bucket(RollupUnit::day, -kMicrosPerDay), -1);
  EXPECT_EQ(rollup_bucket(RollupUnit::month, at("2024-02-29T23:59:59.999999Z")),
            2024 * 12 + 1);
  EXPECT_EQ(rollup_bucket(RollupUnit::month, at("2024-03-01")), 2024 * 12 + 2);
  EXPECT_EQ(rollup_bucket(RollupUnit::month, at("1969-12-31T23:59:59Z")), 1969 * 12 + 11);
  EXPECT_EQ(rollup_bucket(RollupUnit::month, kTimeMin), 12);
  EXPECT_EQ(rollup_bucket_start(RollupUnit::month, 2024 * 12 + 1), at("2024-02-01"));
  EXPECT_EQ(rollup_bucket_start(RollupUnit::month, 12), kTimeMin);
  EXPECT_EQ(rollup_bucket_start(RollupUnit::month, 10'000 * 12), kTimeMax + 1);
}

TEST(Rollups, WholeStretchesNeedNoScan) {
  const auto only = [](std::string_view start, std::string_view end) {
    const auto parts = split_range(at(start), at(end));
    EXPECT_EQ(parts.size(), 1u);
    return parts.front();
  };
  EXPECT_EQ(only("2024-02-01", "2024-02-29T23:59:59.999999Z").unit, RollupUnit::month);
  EXPECT_EQ(only("2024-02-02", "2024-02-02T23:59:59.999999Z").unit, RollupUnit::day);
  EXPECT_EQ(only("2024-02-02T05:00:00Z", "2024-02-02T05:59:59.999999Z").unit,
            RollupUnit::hour);
  EXPECT_EQ(only("2024-02-02T05:07:00Z", "2024-02-02T05:07:59.999999Z").unit,
            RollupUnit::minute);
  EXPECT_TRUE(only("2024-02-02T05:07:00Z", "2024-02-02T05:07:59.999998Z").scan);
  ASSERT_EQ(split_range(kTimeMin, kTimeMax).size(), 1u);
  EXPECT_EQ(split_range(kTimeMin, kTimeMax).front().unit, RollupUnit::all);
}

TEST(Rollups, EmptyAndOutsideRanges) {
  EXPECT_TRUE(split_range(1, 0).empty());
  EXPECT_TRUE(split_range(kTimeMax, kTimeMin).empty());
  const auto least = std::numeric_limits<TimeUs>::min();
  const auto most = std::numeric_limits<TimeUs>::max();
  EXPECT_TRUE(split_range(least, kTimeMin - 1).empty());
  EXPECT_TRUE(split_range(kTimeMax + 1, most).empty());
  EXPECT_EQ(split_range(least, most).size(), 1u);
  for (const TimeUs time : {kTimeMin, kTimeMax, TimeUs{0}, TimeUs{-1}}) {
    const auto parts = split_range(time, time);
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_EQ(instants_of(parts.front()), (std::pair<TimeUs, TimeUs>(time, time)));
  }
}

// Goal: the parts of any range cover it without a gap or an overlap, and what is scanned
// is shorter than two minutes. Method: random ends, each near a border of some unit.
TEST(Rollups, PartsCoverARangeExactly) {
  const auto seed =
      static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto draw = [&] {
    // Sometimes within days of one another, sometimes anywhere in ten thousand years.
    const TimeUs base =
        random() % 2 == 0
            ? at("2024-02-28") + static_cast<TimeUs>(random() % (3 * kMicrosPerDay))
            : std::uniform_int_distribution<TimeUs>(kTimeMin, kTimeMax)(random);
    const auto unit = static_cast<RollupUnit>(random() % 4 + 1);
    const TimeUs border = rollup_bucket_start(unit, rollup_bucket(unit, base));
    const TimeUs offsets[] = {-1, 0, 1, base - border};
    return std::clamp(border + offsets[random() % 4], kTimeMin, kTimeMax);
  };
  for (int i = 0; i < 20'000; ++i) {
    TimeUs start = draw();
    TimeUs end = draw();
    if (start > end) std::swap(start, end);
    auto parts = split_range(start, end);
    std::sort(parts.begin(), parts.end(), [](const RangePart& a, const RangePart& b) {
      return instants_of(a).first < instants_of(b).first;
    });
    TimeUs next = start;
    TimeUs scanned = 0;
    for (const auto& part : parts) {
      const auto [first, last] = instants_of(part);
      ASSERT_EQ(first, next) << format_time(start) << " to " << format_time(end);
      ASSERT_LE(first, last);
      if (part.scan) scanned += last - first + 1;
      next = last + 1;
    }
    ASSERT_EQ(next, end + 1) << format_time(start) << " to " << format_time(end);
    ASSERT_LT(scanned, 2 * kMicrosPerMinute);
    ASSERT_LE(parts.size(), 9u);
  }
}

}  // namespace
}  // namespace trawl::sqlite::rollups_test
