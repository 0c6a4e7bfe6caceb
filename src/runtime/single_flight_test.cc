// Goal: of several who want the same one computes, and nobody's end is another's. Method:
// threads that are let on one by one.

#include "runtime/single_flight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace trawl::single_flight_test {
namespace {

using Flights = SingleFlight<int>;

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// Threads that want the same, and say with their looks that they wait.
struct Crowd {
  Crowd(Flights& flights, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      threads.push_back(std::async(std::launch::async, [this, &flights] {
        bool looked = false;
        auto joined = flights.join("k", [this, looked]() mutable -> Result<void> {
          if (!std::exchange(looked, true)) ++waiting;
          return {};
        });
        if (!joined) return -1;
        if (joined->value) return *joined->value;
        ++computed;
        joined->lead.publish(std::make_shared<const int>(7));
        return 7;
      }));
    }
  }
  std::vector<int> values() {
    std::vector<int> out;
    for (auto& thread : threads) out.push_back(thread.get());
    return out;
  }

  std::atomic<std::size_t> waiting = 0;
  std::atomic<int> computed = 0;
  std::vector<std::future<int>> threads;
};

TEST(SingleFlight, OneComputesForAll) {
  Flights flights;
  auto joined = flights.join("k", {}).value();
  EXPECT_EQ(joined.value, nullptr);
  EXPECT_TRUE(flights.join("another", {}).value().lead);
  Crowd crowd(flights, 5);
  ASSERT_TRUE(eventually([&] { return crowd.waiting == 5; }));
  joined.lead.publish(std::make_shared<const int>(3));
  EXPECT_EQ(crowd.values(), std::vector<int>(5, 3));
  EXPECT_EQ(crowd.computed, 0);
  // It keeps nothing.
  EXPECT_TRUE(flights.join("k", {}).value().lead);
}

TEST(SingleFlight, AnotherTakesOverFromOneThatGivesUp) {
  Flights flights;
  auto joined = flights.join("k", {}).value();
  Crowd crowd(flights, 5);
  ASSERT_TRUE(eventually([&] { return crowd.waiting == 5; }));
  { const Flights::Lead gone = std::move(joined.lead); }
  EXPECT_EQ(crowd.values(), std::vector<int>(5, 7));
  EXPECT_EQ(crowd.computed, 1);
}

TEST(SingleFlight, WhoWaitsEndsByItsOwnLimits) {
  Flights flights;
  auto joined = flights.join("k", {}).value();
  Crowd crowd(flights, 2);
  ASSERT_TRUE(eventually([&] { return crowd.waiting == 2; }));
  const auto ended = flights.join("k", []() -> Result<void> {
    return make_error(ErrorCode::cancelled, "the client left");
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::cancelled);
  joined.lead.publish(std::make_shared<const int>(3));
  EXPECT_EQ(crowd.values(), std::vector<int>(2, 3));
}

// Goal: the slot of who waits is another's meanwhile. Method: one slot, whose first task
// waits for what the second one brings.
TEST(SingleFlight, WhoWaitsHoldsNoSlot) {
  Flights flights;
  auto lead = flights.join("k", {}).value().lead;
  std::promise<int> found;
  WorkerPool pool(1, 10);
  ASSERT_TRUE(pool.submit([&] { found.set_value(*flights.join("k", {}).value().value); }));
  ASSERT_TRUE(pool.submit([&] { lead.publish(std::make_shared<const int>(3)); }));
  EXPECT_EQ(found.get_future().get(), 3);
  pool.stop();
}

// Goal: an account does not wait for the turn of another one.
TEST(SingleFlight, AnotherAccountTakesOverFromOneThatDoesNotGoOn) {
  Flights flights;
  auto first = flights.join("k", {}).value();
  std::promise<bool> same;
  std::promise<bool> leads;
  std::promise<void> over;
  WorkerPool pool(2, 10);
  std::atomic<bool> waits = false;
  ASSERT_TRUE(pool.submit([&] {
    const auto joined = flights.join("k", [&]() -> Result<void> {
      waits = true;
      return {};
    });
    same.set_value(bool(joined->lead));
  }));
  // It waits for as long as the lead, of no account either, goes on.
  std::atomic<bool> goes_on = true;
  auto going = std::async(std::launch::async, [&] {
    while (goes_on) {
      first.lead.go_on();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  std::atomic<int> looks = 0;
  ASSERT_EQ(pool.submit_for("b",
                            [&] {
                              auto joined = flights.join("k", [&]() -> Result<void> {
                                ++looks;
                                return {};
                              });
                              leads.set_value(bool(joined->lead));
                              over.get_future().wait();
                              joined->lead.publish(std::make_shared<const int>(4));
                            }),
            WorkerPool::Submitted::yes);
  ASSERT_TRUE(eventually([&] { return looks > 3 && waits; }));
  goes_on = false;
  going.wait();
  EXPECT_TRUE(leads.get_future().get());
  // The first one may still bring it, though not give up what is no longer its own.
  first.lead.give_up();
  over.set_value();
  EXPECT_FALSE(same.get_future().get());
  pool.stop();
}

// For tsan, too.
TEST(SingleFlight, NothingIsComputedTwiceNorLost) {
  Flights flights;
  Mutex mutex;
  std::shared_ptr<const int> kept;
  std::atomic<int> computed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const auto find = [&] {
        const MutexLock lock(mutex);
        return kept;
      };
      for (int i = 0; i < 50 && find() == nullptr; ++i) {
        auto joined = flights.join("k", {}).value();
        if (joined.value || find() != nullptr) continue;
        if ((i + t) % 7 != 0) continue;  // Gives up.
        ++computed;
        const MutexLock lock(mutex);
        kept = std::make_shared<const int>(t);
        joined.lead.publish(kept);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(computed, 1);
}

}  // namespace
}  // namespace trawl::single_flight_test
