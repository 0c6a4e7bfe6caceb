#include "auth/rate_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace trawl::rate_limit_test {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(TokenBucket, GivesItsBurstAndThenAnEvenRate) {
  TokenBucket bucket({60, 3});
  const std::int64_t now = 1000 * kSecond;
  for (const std::uint32_t left : {2U, 1U, 0U}) {
    const auto taken = bucket.take(now);
    EXPECT_TRUE(taken.allowed);
    EXPECT_EQ(taken.remaining, left);
    EXPECT_EQ(taken.full_after_us, (3 - left) * kSecond);
    EXPECT_EQ(taken.retry_after_us, 0);
  }
  const auto refused = bucket.take(now);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0U);
  EXPECT_EQ(refused.full_after_us, 3 * kSecond);
  EXPECT_EQ(refused.retry_after_us, kSecond);
  // A refusal costs nothing: the next token comes when it was said to come.
  EXPECT_FALSE(bucket.take(now + kSecond - 1).allowed);
  EXPECT_EQ(bucket.take(now + kSecond - 1).retry_after_us, 1);
  EXPECT_TRUE(bucket.take(now + kSecond).allowed);
  EXPECT_FALSE(bucket.take(now + kSecond).allowed);
}

TEST(TokenBucket, FillsUpToItsBurstAndNoFurther) {
  TokenBucket bucket({60, 3});
  ASSERT_TRUE(bucket.take(0).allowed);
  for (int pass = 0; pass < 2; ++pass) {
    const std::int64_t now = (pass + 1) * 3600 * kSecond;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now).allowed);
    EXPECT_FALSE(bucket.take(now).allowed);
  }
}

TEST(TokenBucket, AMinutesWorthIsTheBurstUnlessItIsSaid) {
  TokenBucket bucket({7, 0});
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(bucket.take(0).allowed) << i;
  const auto refused = bucket.take(0);
  EXPECT_FALSE(refused.allowed);
  EXPECT_TRUE(bucket.take(refused.retry_after_us).allowed);
}

TEST(TokenBucket, HoldsTheRateInTheLongRun) {
  for (const RateLimit limit : {RateLimit{1, 1}, RateLimit{90, 10}, RateLimit{7, 100},
                                RateLimit{kRequestsPerMinuteMax, 1}}) {
    TokenBucket bucket(limit);
    const std::int64_t end = 600 * kSecond;
    const std::int64_t step = limit.requests_per_minute > 1000 ? 10 : 10'000;
    std::int64_t allowed = 0;
    // Only a part of the time for the fastest, which would take too many steps.
    const std::int64_t until = limit.requests_per_minute > 1000 ? kSecond : end;
    for (std::int64_t now = 0; now < until; now += step)
      allowed += bucket.take(now).allowed;
    const double expected = static_cast<double>(limit.requests_per_minute) *
                                static_cast<double>(until) / (60.0 * kSecond) +
                            limit.burst;
    EXPECT_NEAR(static_cast<double>(allowed), expected, 1 + expected * 0.02)
        << limit.requests_per_minute;
  }
}

TEST(TokenBucket, TheGreatestNumbersDoNotOverflow) {
  TokenBucket slow({1, kRequestsPerMinuteMax});
  const std::int64_t now = std::int64_t{1} << 50;  // Thirty-five years of uptime.
  const auto taken = slow.take(now);
  EXPECT_TRUE(taken.allowed);
  EXPECT_EQ(taken.remaining, kRequestsPerMinuteMax - 1);
  EXPECT_EQ(taken.full_after_us, 60 * kSecond);
}

TEST(TokenBucket, ThreadsTakeNoTokenTwice) {
  TokenBucket bucket({1, 10'000});
  std::atomic<int> allowed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5'000; ++n) allowed += bucket.take(0).allowed ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(allowed, 10'000);
}

}  // namespace
}  // namespace trawl::rate_limit_test
