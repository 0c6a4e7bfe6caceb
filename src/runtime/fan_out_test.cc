#include "runtime/fan_out.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "runtime/worker_pool.h"

namespace trawl::fan_out_test {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);
const Checkpoint kGoOn = [] { return Result<void>(); };

// Where items wait for each other.
class Meeting {
 public:
  // Returns when so many are here, or nobody comes any more.
  bool wait_for(int count) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    MutexLock lock(mutex_);
    ++here_;
    changed_.notify_all();
    while (here_ < count) {
      if (!changed_.wait_until(lock, end)) return here_ >= count;
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int here_ TRAWL_GUARDED_BY(mutex_) = 0;
};

TEST(FanOut, DoesEachOnceInOrderWithoutAPool) {
  std::vector<std::size_t> done;
  const auto result = FanOut().for_each(5, 8, kGoOn, [&](std::size_t i) -> Result<void> {
    done.push_back(i);
    return {};
  });
  EXPECT_TRUE(result);
  EXPECT_EQ(done, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(FanOut().for_each(0, 8, kGoOn, [](std::size_t) -> Result<void> {
    return make_error(ErrorCode::internal, "there is none");
  }));
}

// Goal: items that wait are under way together, in one slot. Method: each waits until all
// eight are there.
TEST(FanOut, SeveralWaitInOneSlot) {
  WorkerPool pool({.slots = 1, .queue_max = 100, .waiting_max = 100});
  Meeting meeting;
  std::atomic<int> met{0};
  const auto result = FanOut(pool).for_each(8, 8, kGoOn, [&](std::size_t) -> Result<void> {
    if (meeting.wait_for(8)) ++met;
    return {};
  });
  EXPECT_TRUE(result);
  EXPECT_EQ(met, 8);
}

TEST(FanOut, NoMoreAtOnceThanAllowed) {
  WorkerPool pool({.slots = 2, .queue_max = 100, .waiting_max = 100});
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  const auto result =
      FanOut(pool).for_each(200, 3, kGoOn, [&](std::size_t) -> Result<void> {
        const int here = ++now;
        for (int seen = most; here > seen && !most.compare_exchange_weak(seen, here);) {
        }
        std::this_thread::yield();
        --now;
        ++done;
        return {};
      });
  EXPECT_TRUE(result);
  EXPECT_EQ(done, 200);
  EXPECT_LE(most, 3);
}

// Goal: a busy pool, a full one and a stopped one only make it slower.
TEST(FanOut, GoesOnWithoutHelp) {
  WorkerPool pool({.slots = 1, .queue_max = 1, .waiting_max = 0});
  Meeting begun;
  Meeting end;
  ASSERT_TRUE(pool.submit([&] {
    begun.wait_for(2);
    end.wait_for(2);
  }));
  begun.wait_for(2);
  std::atomic<int> done{0};
  const auto count = [&](std::size_t) -> Result<void> {
    ++done;
    return {};
  };
  EXPECT_TRUE(FanOut(pool).for_each(20, 4, kGoOn, count));
  EXPECT_EQ(done, 20);
  end.wait_for(2);
  pool.stop();
  EXPECT_TRUE(FanOut(pool).for_each(20, 4, kGoOn, count));
  EXPECT_EQ(done, 40);
}

// Goal: of several failures the result is the first by number. Method: the later one is
// there before the first.
TEST(FanOut, TheFirstFailureIsTheResult) {
  WorkerPool pool({.slots = 4, .queue_max = 100, .waiting_max = 100});
  Meeting both;
  std::atomic<int> begun{0};
  const auto result =
      FanOut(pool).for_each(1'000, 2, kGoOn, [&](std::size_t i) -> Result<void> {
        ++begun;
        if (i > 1) return {};
        both.wait_for(2);
        if (i == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return make_error(ErrorCode::unavailable, std::to_string(i));
      });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "0");
  EXPECT_EQ(begun, 2);
}

TEST(FanOut, WhatAnItemThrowsIsThrown) {
  WorkerPool pool({.slots = 2, .queue_max = 100, .waiting_max = 100});
  Meeting all;
  EXPECT_THROW((void)FanOut(pool).for_each(4, 4, kGoOn,
                                           [&](std::size_t i) -> Result<void> {
                                             all.wait_for(4);
                                             if (i == 3) throw std::runtime_error("three");
                                             return {};
                                           }),
               std::runtime_error);
}

TEST(FanOut, TheCheckpointEndsItBetweenItemsAndWithin) {
  std::atomic<bool> stopped{false};
  const Checkpoint check = [&]() -> Result<void> {
    if (stopped) return make_error(ErrorCode::cancelled, "nobody waits");
    return {};
  };
  int done = 0;
  auto result = FanOut().for_each(10, 1, check, [&](std::size_t i) -> Result<void> {
    ++done;
    stopped = i == 2;
    return {};
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_EQ(done, 3);

  stopped = false;
  WorkerPool pool({.slots = 2, .queue_max = 100, .waiting_max = 100});
  Meeting both;
  result = FanOut(pool).for_each(2, 2, check, [&](std::size_t) -> Result<void> {
    both.wait_for(2);
    stopped = true;
    while (true) count_work();
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace trawl::fan_out_test
