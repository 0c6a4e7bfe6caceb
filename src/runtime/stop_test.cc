#include "runtime/stop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace trawl::stop_test {
namespace {

TEST(Stop, AnEmptyTokenNeverStops) {
  const StopToken token;
  int calls = 0;
  const OnStop subscription(token, [&] { ++calls; });
  EXPECT_FALSE(token.stop_requested());
  EXPECT_EQ(token.reason(), StopReason::none);
  EXPECT_EQ(calls, 0);
}

TEST(Stop, TheFirstReasonStands) {
  StopSource source;
  const StopToken before = source.token();
  EXPECT_FALSE(source.request_stop(StopReason::none));
  EXPECT_FALSE(before.stop_requested());
  EXPECT_TRUE(source.request_stop(StopReason::server_stopping));
  EXPECT_FALSE(source.request_stop(StopReason::client_left));
  EXPECT_EQ(before.reason(), StopReason::server_stopping);
  EXPECT_EQ(source.token().reason(), StopReason::server_stopping);
}

TEST(Stop, ATokenOutlivesItsSource) {
  std::optional<StopSource> source(std::in_place);
  const StopToken unstopped = source->token();
  source.reset();
  EXPECT_FALSE(unstopped.stop_requested());

  source.emplace();
  const StopToken stopped = source->token();
  source->request_stop(StopReason::client_left);
  source.reset();
  EXPECT_EQ(stopped.reason(), StopReason::client_left);
}

// Goal: each subscriber is called once, knows why, and nobody who left is called.
TEST(Stop, SubscribersAreCalledOnceWithTheReasonThere) {
  StopSource source;
  const StopToken token = source.token();
  std::vector<StopReason> heard;
  const auto listen = [&] { heard.push_back(token.reason()); };
  const OnStop first(token, listen);
  std::optional<OnStop> left(std::in_place, token, listen);
  left.reset();
  EXPECT_TRUE(heard.empty());
  source.request_stop(StopReason::client_left);
  source.request_stop(StopReason::server_stopping);
  EXPECT_EQ(heard, std::vector{StopReason::client_left});
  const OnStop late(token, listen);
  EXPECT_EQ(heard, std::vector({StopReason::client_left, StopReason::client_left}));
}

TEST(Stop, ASubscriberThatThrowsKeepsNobodyElseFromHearing) {
  StopSource source;
  int heard = 0;
  const OnStop first(source.token(), [&] { ++heard; });
  const OnStop second(source.token(), [] { throw std::runtime_error("a defect"); });
  const OnStop third(source.token(), [&] { ++heard; });
  EXPECT_TRUE(source.request_stop(StopReason::client_left));
  EXPECT_EQ(heard, 2);
}

// What the subscriber uses may go as soon as its subscription is gone.
TEST(Stop, UnsubscribingWaitsForACallUnderWay) {
  StopSource source;
  std::promise<void> called;
  std::promise<void> release;
  std::atomic<bool> done = false;
  std::optional<OnStop> subscription(std::in_place, source.token(), [&] {
    called.set_value();
    release.get_future().wait();
    done = true;
  });
  std::thread stopping([&] { source.request_stop(StopReason::client_left); });
  called.get_future().wait();
  std::thread releasing([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    release.set_value();
  });
  subscription.reset();
  EXPECT_TRUE(done);
  stopping.join();
  releasing.join();
}

TEST(Stop, OneOfManyStopsCounts) {
  for (int round = 0; round < 200; ++round) {
    StopSource source;
    std::atomic<int> calls = 0;
    std::atomic<int> firsts = 0;
    const OnStop subscription(source.token(), [&] { ++calls; });
    const auto stop = [&](StopReason reason) {
      if (source.request_stop(reason)) ++firsts;
      EXPECT_NE(source.reason(), StopReason::none);
    };
    std::thread a([&] { stop(StopReason::client_left); });
    std::thread b([&] { stop(StopReason::server_stopping); });
    a.join();
    b.join();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(firsts, 1);
  }
}

}  // namespace
}  // namespace trawl::stop_test
