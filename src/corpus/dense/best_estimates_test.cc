#include "corpus/dense/best_estimates.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace trawl::dense::best_estimates_test {
namespace {

// Goal: what is kept are the best ones, ties by row, in whatever order they come and
// however many are equal; and nothing that is worth adding is below the threshold.
TEST(BestEstimates, KeepsTheBest) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal;
  for (int round = 0; round < 200; ++round) {
    const std::size_t count = 1 + rng() % 50;
    std::vector<Estimate> all(rng() % 3000);
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      float estimate = normal(rng);
      if (round % 5 == 1) estimate = static_cast<float>(rng() % 3) - 1;
      if (round % 5 == 2) estimate = rng() % 2 == 0 ? 0.0f : -0.0f;
      if (round % 5 == 3) estimate = 1 + estimate * 1e-4f;
      if (rng() % 100 == 0) estimate = rng() % 2 == 0 ? INFINITY : -INFINITY;
      all[i] = {estimate, static_cast<std::uint32_t>(rng() % 1000), 0, i};
    }
    auto wanted = all;
    // The numbers of the vectors settle what is equal in all else.
    const auto ranks_before = [](const Estimate& a, const Estimate& b) {
      return is_better(a, b) || (!is_better(b, a) && a.vector < b.vector);
    };
    std::sort(wanted.begin(), wanted.end(), ranks_before);
    if (round % 3 == 1) all = wanted;
    if (round % 3 == 2) all.assign(wanted.rbegin(), wanted.rend());
    BestEstimates best(count);
    for (const Estimate& one : all) {
      best.add(one);
      if (wanted.size() >= count) {
        ASSERT_LE(best.threshold(), wanted[count - 1].estimate);
      }
    }
    auto found = best.take();
    wanted.resize(std::min(wanted.size(), count));
    std::sort(found.begin(), found.end(), ranks_before);
    ASSERT_EQ(found.size(), wanted.size()) << round;
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].estimate, wanted[i].estimate) << round << " place " << i;
      ASSERT_EQ(found[i].row, wanted[i].row) << round << " place " << i;
    }
  }
}

}  // namespace
}  // namespace trawl::dense::best_estimates_test
