#include "base/amount_sum.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace trawl::amount_sum_test {
namespace {

TEST(AmountSum, CountsInMillionths) {
  AmountSum sum;
  for (int i = 0; i < 10; ++i) sum.add(0.1);
  EXPECT_EQ(sum.value(), 1.0);
  for (int i = 0; i < 1'000'000; ++i) sum.add(0.000001);
  EXPECT_EQ(sum.value(), 2.0);
  EXPECT_EQ(AmountSum::rounded(0.1 + 0.2), 0.3);
  EXPECT_EQ(AmountSum::rounded(1.05 - 1), 0.05);
  EXPECT_EQ(AmountSum::rounded(-0.25), -0.25);
}

TEST(AmountSum, IsTheSameInAnyOrderAndInParts) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  std::mt19937 rng(seed);
  std::vector<double> amounts;
  AmountSum forwards, backwards, parts[3], merged;
  for (int i = 0; i < 10'000; ++i) amounts.push_back(static_cast<double>(rng() % 9999) / 7);
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    forwards.add(amounts[i]);
    backwards.add(amounts[amounts.size() - 1 - i]);
    parts[rng() % 3].add(amounts[i]);
  }
  for (const auto& part : parts) {
    AmountSum stored;  // As a double, and read again.
    stored.add(part.value());
    merged.merge(stored);
  }
  EXPECT_EQ(forwards, backwards);
  EXPECT_EQ(forwards, merged);
}

TEST(AmountSum, HoldsLargeAmountsToo) {
  AmountSum sum;
  sum.add(1e300);
  sum.add(0.5);
  EXPECT_EQ(sum.value(), 1e300);
  AmountSum many;
  for (int i = 0; i < 20; ++i) many.add(9e11);
  EXPECT_DOUBLE_EQ(many.value(), 18e12);
}

}  // namespace
}  // namespace trawl::amount_sum_test
