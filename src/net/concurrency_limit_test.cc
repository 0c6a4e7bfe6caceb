#include "net/concurrency_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

namespace trawl::net {
namespace {

TEST(ConcurrencyLimit, LetsInAsManyAsItSays) {
  ConcurrencyLimit limit(3);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) {
        const auto place = limit.enter({}, {});
        ASSERT_TRUE(place);
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::yield();
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_TRUE(limit.enter({}, Deadline::after(std::chrono::microseconds(0))));
}

TEST(ConcurrencyLimit, LetsGoOfThoseWhoStopOrWhoseTimePasses) {
  ConcurrencyLimit limit(1);
  auto place = limit.enter({}, {});
  ASSERT_TRUE(place);
  const auto late = limit.enter({}, Deadline::after(std::chrono::milliseconds(1)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::timeout);

  StopSource source;
  std::thread waiting([&] {
    const auto stopped = limit.enter(source.token(), {});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
  });
  source.request_stop(StopReason::client_left);
  waiting.join();
  // Who left takes no place with it.
  { const auto gone = std::move(*place); }
  EXPECT_TRUE(limit.enter({}, {}));
}

}  // namespace
}  // namespace trawl::net
