#include "base/bitmap.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace trawl::bitmap_test {
namespace {

// Goal: a bitmap is a set of numbers below its size. Method: random steps beside std::set.
TEST(Bitmap, BehavesLikeASet) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  for (const std::uint32_t size : {0u, 1u, 63u, 64u, 65u, 1000u}) {
    Bitmap bitmap(size);
    std::set<std::uint32_t> model;
    EXPECT_EQ(bitmap.size(), size);
    for (int i = 0; i < 500 && size > 0; ++i) {
      const std::uint32_t row = rng() % size;
      if (rng() % 3 == 0) {
        bitmap.reset(row);
        model.erase(row);
      } else {
        bitmap.set(row);
        model.insert(row);
      }
      EXPECT_EQ(bitmap.test(row), model.count(row) == 1);
    }
    EXPECT_EQ(bitmap.count(), model.size());
    std::vector<std::uint32_t> visited;
    bitmap.for_each([&](std::uint32_t row) { visited.push_back(row); });
    EXPECT_EQ(visited, std::vector<std::uint32_t>(model.begin(), model.end()));
    EXPECT_FALSE(bitmap.test(size));
    EXPECT_FALSE(bitmap.test(size + 1'000'000));
  }
  EXPECT_EQ(Bitmap().count(), 0u);
}

}  // namespace
}  // namespace trawl::bitmap_test
