#include "base/work_limit.h"

#include <gtest/gtest.h>

namespace trawl::work_limit_test {
namespace {

Error enough() {
  return make_error(ErrorCode::timeout, "enough");
}

// Says no from the given look on.
struct Stop {
  int looks = 0;
  int allowed = 0;
  Checkpoint check = [this]() -> Result<void> {
    if (++looks > allowed) return enough();
    return {};
  };
};

TEST(WorkLimit, EndsWorkSoonAfterTheCheckpointSaysNo) {
  Stop stop{.allowed = 3};
  std::int64_t steps = 0;
  const auto result = bounded(stop.check, [&]() -> Result<void> {
    while (true) {
      count_work();
      ++steps;
    }
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "enough");
  EXPECT_EQ(stop.looks, 4);
  EXPECT_LE(steps, 4 * kWorkPerCheck);
}

TEST(WorkLimit, WithoutALimitNothingIsEnded) {
  for (int i = 0; i < 3; ++i) count_work(2 * kWorkPerCheck);
  EXPECT_TRUE(check_work());
}

TEST(WorkLimit, AnOuterLimitHoldsWithinAnInnerOne) {
  Stop outer{.allowed = 0};
  const auto result = bounded(outer.check, [] {
    const Checkpoint patient = [] { return Result<void>(); };
    return bounded(patient, []() -> Result<int> {
      count_work(2 * kWorkPerCheck);
      return 1;
    });
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "enough");
}

TEST(WorkLimit, ALimitEndsWithItsScope) {
  Stop stop{.allowed = 0};
  EXPECT_TRUE(bounded(stop.check, []() -> Result<void> { return {}; }));
  count_work(2 * kWorkPerCheck);
  EXPECT_FALSE(bounded(stop.check, []() -> Result<void> {
    count_work(2 * kWorkPerCheck);
    return {};
  }));
  count_work(2 * kWorkPerCheck);
}

TEST(WorkLimit, WhatMustBeFinishedIs) {
  Stop stop{.allowed = 0};
  const auto result = bounded(stop.check, []() -> Result<int> {
    const WorkUnlimited unlimited;
    count_work(2 * kWorkPerCheck);
    return 7;
  });
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 7);
}

}  // namespace
}  // namespace trawl::work_limit_test
