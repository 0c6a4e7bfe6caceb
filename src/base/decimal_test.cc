#include "base/decimal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace trawl::decimal_test {
namespace {

double sum_of(const std::vector<double>& numbers) {
  DecimalSum sum;
  for (const double number : numbers) sum.add(json::value(number));
  return sum.rounded();
}

TEST(Decimal, IsWhatIsWritten) {
  const auto check = [](double number, bool negative, std::uint64_t digits, int exponent) {
    const Decimal decimal = to_decimal(number);
    EXPECT_EQ(decimal.negative, negative) << number;
    EXPECT_EQ(decimal.digits, digits) << number;
    EXPECT_EQ(decimal.exponent, exponent) << number;
  };
  check(0.1, false, 1, -1);
  check(-12.5, true, 125, -1);
  check(1e300, false, 1, 300);
  check(5e-324, false, 5, -324);
  check(1.7976931348623157e308, false, 17976931348623157, 292);
  check(0, false, 0, 0);
  EXPECT_EQ(to_decimal(json::value(std::numeric_limits<std::int64_t>::min())).digits,
            std::uint64_t{1} << 63);
}

TEST(DecimalSum, RoundsOnceAtTheEnd) {
  constexpr double kMax = std::numeric_limits<double>::max();
  EXPECT_EQ(sum_of({}), 0);
  EXPECT_EQ(sum_of({0.1, 0.2}), 0.3);
  EXPECT_EQ(sum_of(std::vector<double>(10, 0.1)), 1.0);
  EXPECT_EQ(sum_of({1e308, 1e308, -1e308}), 1e308);
  EXPECT_EQ(sum_of({kMax, kMax, -kMax, -kMax, 5e-324}), 5e-324);
  EXPECT_EQ(sum_of({1e308, 1e308}), std::numeric_limits<double>::infinity());
  EXPECT_EQ(sum_of({-1e308, -1e308}), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(sum_of({-0.5, 0.25}), -0.25);
  EXPECT_EQ(sum_of({1, -1}), 0);
  EXPECT_EQ(sum_of({-1e-300, 1e300, -1e300}), -1e-300);
}

TEST(DecimalSum, DividesWhatIsTooLarge) {
  DecimalSum sum;
  for (int i = 0; i < 4; ++i) sum.add(json::value(1.5e308));
  EXPECT_DOUBLE_EQ(sum.divided_by(4), 1.5e308);
}

// Goal: a sum does not depend on the order, and integers are added as such.
TEST(DecimalSum, AgreesWithIntegersOf128Bits) {
  __extension__ using Int128 = __int128;
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(seed);
  std::mt19937_64 rng(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<json::value> numbers;
    Int128 wanted = 0;
    for (auto left = rng() % 20; left > 0; --left) {
      const std::uint64_t bits = rng() >> (rng() % 64);
      if (rng() % 3 == 0) {
        numbers.emplace_back(bits);
        wanted += bits;
      } else {
        const auto number = static_cast<std::int64_t>(bits);
        numbers.emplace_back(number);
        wanted += number;
      }
    }
    DecimalSum forwards, backwards;
    for (const auto& number : numbers) forwards.add(number);
    std::reverse(numbers.begin(), numbers.end());
    for (const auto& number : numbers) backwards.add(number);
    EXPECT_EQ(forwards.rounded(), backwards.rounded());
    EXPECT_EQ(forwards.rounded(), static_cast<double>(wanted));
    const auto whole = forwards.integer();
    if (wanted >= std::numeric_limits<std::int64_t>::min() &&
        wanted <= std::numeric_limits<std::int64_t>::max()) {
      ASSERT_TRUE(whole);
      EXPECT_EQ(*whole, json::value(static_cast<std::int64_t>(wanted)));
    } else if (wanted < 0 || wanted > std::numeric_limits<std::uint64_t>::max()) {
      EXPECT_FALSE(whole);
    } else {
      ASSERT_TRUE(whole);
      EXPECT_EQ(*whole, json::value(static_cast<std::uint64_t>(wanted)));
    }
  }
}

}  // namespace
}  // namespace trawl::decimal_test
