#include "providers/daily_ceiling.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/manual_clock_test_support.h"

namespace trawl {
namespace {

TEST(DailyUse, StopsAtTheCeilingOfCallsUntilMidnight) {
  test::ManualClock clock;
  clock.set(19'000 * kMicrosPerDay + 5);
  DailyUse use({.calls = 2, .tokens = 0}, clock);
  EXPECT_TRUE(use.begin_call());
  EXPECT_TRUE(use.begin_call());
  const auto refused = use.begin_call();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_many_requests);
  EXPECT_EQ(refused.error().message,
            "calls_per_day is 2, and so many were used today; it is asked again after "
            "midnight UTC");
  EXPECT_EQ(use.today().calls, 2u);
  clock.set(19'001 * kMicrosPerDay - 1);
  EXPECT_FALSE(use.begin_call());
  clock.advance(1);
  EXPECT_TRUE(use.begin_call());
  EXPECT_EQ(use.today().calls, 1u);
}

TEST(DailyUse, StopsAtTheCeilingOfTokens) {
  test::ManualClock clock;
  DailyUse use({.calls = 0, .tokens = 100}, clock);
  EXPECT_TRUE(use.begin_call());
  use.add_tokens(99);
  EXPECT_TRUE(use.begin_call());
  use.add_tokens(std::numeric_limits<std::uint64_t>::max());
  const auto refused = use.begin_call();
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("tokens_per_day is 100"));
  clock.advance(kMicrosPerDay);
  EXPECT_TRUE(use.begin_call());
}

TEST(DailyUse, HasNoCeilingWhereNoneIsSet) {
  test::ManualClock clock;
  DailyUse use({}, clock);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_TRUE(use.begin_call());
    use.add_tokens(1'000'000'000);
  }
}

}  // namespace
}  // namespace trawl
