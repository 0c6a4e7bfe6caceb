#include "ledger/duration_bins.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "base/json.h"

namespace trawl::duration_bins_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(DurationBins, BoundsAreShortNumbersTenToADecade) {
  const auto bounds = duration_bounds_ms();
  ASSERT_EQ(bounds.size(), 91u);
  EXPECT_EQ(bounds.front(), 0.01);
  EXPECT_EQ(bounds.back(), 1e7);
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    std::string text;
    append_json_number(text, bounds[i]);
    EXPECT_LE(text.size(), 9u) << text;
    EXPECT_EQ(std::stod(text), bounds[i]);
    if (i == 0) continue;
    EXPECT_GT(bounds[i] / bounds[i - 1], 1.24);
    EXPECT_LT(bounds[i] / bounds[i - 1], 1.29);
  }
  EXPECT_EQ(bounds[11], 0.125);
  EXPECT_EQ(bounds[25], 3.2);
  EXPECT_EQ(bounds[48], 630);
}

// Every duration is in one bin, whose bounds say so; a bound begins the next.
TEST(DurationBins, EveryDurationLiesInItsBin) {
  const auto lies_in_its_bin = [](double duration) {
    const DurationBin bin = duration_bin_at(duration_bin(duration));
    EXPECT_LE(bin.start_ms, duration);
    EXPECT_LT(duration, bin.end_ms.value_or(kInfinity));
  };
  for (const double bound : duration_bounds_ms()) {
    lies_in_its_bin(bound);
    lies_in_its_bin(std::nextafter(bound, 0));
    EXPECT_EQ(duration_bin(bound), duration_bin(std::nextafter(bound, 0)) + 1);
    EXPECT_EQ(duration_bin_at(duration_bin(bound)).start_ms, bound);
  }
  std::mt19937_64 random(
      static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed()));
  std::uniform_real_distribution<double> powers(-5, 12);
  for (int i = 0; i < 10'000; ++i) lies_in_its_bin(std::pow(10, powers(random)));
  lies_in_its_bin(0);
  EXPECT_EQ(duration_bin(-1), 0u);
  EXPECT_EQ(duration_bin(std::nan("")), 0u);
  EXPECT_EQ(duration_bin(1e300), duration_bounds_ms().size());
  EXPECT_EQ(duration_bin_at(duration_bin(1e300)).end_ms, std::nullopt);
}

}  // namespace
}  // namespace trawl::duration_bins_test
