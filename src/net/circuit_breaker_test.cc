#include "net/circuit_breaker.h"

#include <gtest/gtest.h>

namespace trawl::net {
namespace {

using std::chrono::milliseconds;

class Breaker : public testing::Test {
 protected:
  bool fail() {
    EXPECT_TRUE(breaker_.may_try(now_));
    return breaker_.failed(now_);
  }

  CircuitBreaker breaker_{{.failures_max = 3, .pause = milliseconds(1'000)}};
  CircuitBreaker::Clock::time_point now_{};
};

TEST_F(Breaker, OpensAfterFailuresInARowAndNoneBefore) {
  EXPECT_FALSE(fail());
  EXPECT_FALSE(fail());
  ASSERT_TRUE(breaker_.may_try(now_));
  breaker_.succeeded();
  EXPECT_FALSE(fail());
  EXPECT_FALSE(fail());
  EXPECT_TRUE(fail());
  EXPECT_FALSE(breaker_.may_try(now_));
  EXPECT_EQ(breaker_.pause_left(now_), milliseconds(1'000));
}

TEST_F(Breaker, LetsOneTryAfterThePause) {
  for (int i = 0; i < 3; ++i) fail();
  now_ += milliseconds(999);
  EXPECT_FALSE(breaker_.may_try(now_));
  now_ += milliseconds(1);
  EXPECT_TRUE(breaker_.may_try(now_));
  EXPECT_FALSE(breaker_.may_try(now_));
  EXPECT_FALSE(breaker_.failed(now_));  // It was open before.
  EXPECT_FALSE(breaker_.may_try(now_));
  now_ += milliseconds(1'000);
  EXPECT_TRUE(breaker_.may_try(now_));
  breaker_.succeeded();
  EXPECT_TRUE(breaker_.may_try(now_));
  EXPECT_TRUE(breaker_.may_try(now_));
}

TEST_F(Breaker, LetsAnotherTryWhereTheOneGaveUp) {
  for (int i = 0; i < 3; ++i) fail();
  now_ += milliseconds(1'000);
  EXPECT_TRUE(breaker_.may_try(now_));
  breaker_.gave_up();
  EXPECT_TRUE(breaker_.may_try(now_));
  EXPECT_FALSE(breaker_.may_try(now_));
}

// Those who were under way when it opened come back later: the pause begins again.
TEST_F(Breaker, CountsThoseWhoWereUnderWay) {
  ASSERT_TRUE(breaker_.may_try(now_));
  for (int i = 0; i < 3; ++i) fail();
  EXPECT_FALSE(breaker_.failed(now_ + milliseconds(500)));
  EXPECT_FALSE(breaker_.may_try(now_ + milliseconds(1'000)));
  EXPECT_TRUE(breaker_.may_try(now_ + milliseconds(1'500)));
}

}  // namespace
}  // namespace trawl::net
