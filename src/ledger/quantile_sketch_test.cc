#include "ledger/quantile_sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/golden_test_support.h"
#include "ledger/aggregate.h"

namespace trawl::quantile_sketch_test {
namespace {

// Goal: every quantile is within the promised error of the true one, merged or not, stored
// or not.
TEST(QuantileSketch, IsWithinItsError) {
  const auto seed =
      static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> durations(3, 2);
  for (const std::size_t count : {1u, 2u, 10u, 5'000u}) {
    std::vector<double> numbers;
    QuantileSketch parts[3];
    for (std::size_t i = 0; i < count; ++i) {
      numbers.push_back(i % 50 == 7 ? 0 : durations(random));
      parts[random() % 3].add(numbers.back());
    }
    std::sort(numbers.begin(), numbers.end());
    QuantileSketch all;
    for (const QuantileSketch& part : parts) all.merge(part);
    ASSERT_EQ(all.count(), count);
    for (const double quantile : {0.0, 0.5, 0.9, 0.95, 0.99, 1.0}) {
      const double wanted =
          numbers[static_cast<std::size_t>(
                      std::max(1.0, std::ceil(quantile * static_cast<double>(count)))) -
                  1];
      EXPECT_NEAR(all.quantile(quantile), wanted,
                  1.0001 * QuantileSketch::kRelativeError * wanted + 0.001);
    }
    std::string stored;
    all.append_to(stored);
    std::string_view rest = stored;
    QuantileSketch again;
    ASSERT_TRUE(QuantileSketch::take(rest, again));
    EXPECT_EQ(again, all);
    EXPECT_TRUE(rest.empty());
    for (std::size_t cut = 0; cut < stored.size(); cut += 7) {
      rest = std::string_view(stored).substr(0, cut);
      EXPECT_FALSE(QuantileSketch::take(rest, again));
    }
  }
}

// Figures of closed row groups hold sketches.
TEST(QuantileSketch, BytesAreAsEver) {
  QuantileSketch sketch;
  sketch.add(0, 3);
  sketch.add(0.0025);  // Its bucket has a number below zero.
  sketch.add(1.25, 2);
  sketch.add(1389.43, 70'000);
  sketch.add(3e10);
  std::string today;
  sketch.append_to(today);
  const auto golden =
      test::golden_parts("sketch.hex", "QuantileSketch::append_to", {{"sketch", today}});
  std::string_view bytes = golden.at("sketch");
  QuantileSketch again;
  ASSERT_TRUE(QuantileSketch::take(bytes, again));
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(again, sketch);
  EXPECT_EQ(again.count(), 70'007u);
  // The numbers of the buckets mean what they meant.
  EXPECT_EQ(again.quantile(0), 0);
  EXPECT_NEAR(again.quantile(3.5 / 70'007), 0.0025, 0.000026);
  EXPECT_NEAR(again.quantile(0.5), 1389.43, 13.9);
  EXPECT_NEAR(again.quantile(1), 3e10, 3.01e8);
}

// Goal: what is stored of a number says what the number said, however great it is.
TEST(QuantileSketch, GreatNumbersAreStored) {
  std::vector<double> numbers = {std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::max(), 5e284};
  for (int power = -3; power <= 308; ++power) numbers.push_back(std::pow(10.0, power));
  for (const double number : numbers) {
    SCOPED_TRACE(number);
    QuantileSketch sketch;
    sketch.add(number);
    const double wanted = std::min(number, QuantileSketch::kGreatest);
    EXPECT_NEAR(sketch.quantile(0.5), wanted,
                1.0001 * QuantileSketch::kRelativeError * wanted);
    std::string stored;
    sketch.append_to(stored);
    std::string_view bytes = stored;
    QuantileSketch again;
    ASSERT_TRUE(QuantileSketch::take(bytes, again));
    EXPECT_EQ(again, sketch);
  }
}

// Before 0.3 the bucket of a number over 4e284 was stored with its index modulo 65,536.
TEST(QuantileSketch, GreatNumbersThatWereStoredWrongAreReadRight) {
  constexpr std::string_view kOf1e290("\0\0\0\0\0\0\0\0\1\0\0\0\x6b\x82\1\0\0\0", 18);
  std::string_view bytes = kOf1e290;
  QuantileSketch old;
  ASSERT_TRUE(QuantileSketch::take(bytes, old));
  QuantileSketch today;
  today.add(1e290);
  EXPECT_EQ(old, today);
}

TEST(QuantileSketch, OddNumbers) {
  QuantileSketch sketch;
  EXPECT_EQ(sketch.quantile(0.5), 0);
  sketch.add(std::nan(""));
  EXPECT_EQ(sketch.count(), 0u);
  sketch.add(-5);
  sketch.add(1e308);
  EXPECT_EQ(sketch.quantile(0), 0);
  EXPECT_TRUE(std::isfinite(sketch.quantile(1)));
}

TEST(BucketSpan, CoversEveryInstantOnce) {
  constexpr TimeUs kTime = 1'769'853'600'123'456;  // Saturday, 2026-01-31T10:00:00
  const auto begin = [](TimeBucket bucket, TimeUs time) {
    return format_time(bucket_span(bucket, time).begin);
  };
  EXPECT_EQ(begin(TimeBucket::minute, kTime), "2026-01-31T10:00:00.000000Z");
  EXPECT_EQ(begin(TimeBucket::day, kTime), "2026-01-31T00:00:00.000000Z");
  EXPECT_EQ(begin(TimeBucket::week, kTime), "2026-01-26T00:00:00.000000Z");
  EXPECT_EQ(begin(TimeBucket::month, kTime), "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(begin(TimeBucket::week, -1), "1969-12-29T00:00:00.000000Z");
  for (int bucket = 1; bucket <= 5; ++bucket) {
    const auto kind = static_cast<TimeBucket>(bucket);
    BucketSpan span = bucket_span(kind, kTimeMin + kMicrosPerDay * 40);
    for (int i = 0; i < 100; ++i) {
      const BucketSpan next = bucket_span(kind, span.end);
      EXPECT_EQ(next.begin, span.end);
      EXPECT_EQ(bucket_span(kind, next.end - 1).begin, next.begin);
      span = next;
    }
  }
}

}  // namespace
}  // namespace trawl::quantile_sketch_test
