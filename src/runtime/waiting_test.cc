#include "runtime/waiting.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtime/worker_pool.h"

namespace trawl::waiting_test {
namespace {

using std::chrono::milliseconds;

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

// What many wait for, and one opens.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

TEST(Waiting, DoesNothingOnAThreadOfNoPool) {
  const Waiting outer;
  const Waiting inner;
}

// Goal: tasks that wait hold nobody up. Method: a pool with two slots, two hundred tasks
// that wait for a gate, and then one that does not.
TEST(Waiting, LetsOthersRunMeanwhile) {
  Gate gate;
  std::atomic<int> ended = 0;
  std::atomic<bool> ran = false;
  WorkerPool pool(2, 1000);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(pool.submit([&] {
      {
        const Waiting waiting;
        gate.wait();
      }
      ++ended;
    }));
  }
  EXPECT_TRUE(eventually([&] { return pool.metrics().waiting == 200; }));
  ASSERT_TRUE(pool.submit([&] { ran = true; }));
  EXPECT_TRUE(eventually([&] { return ran.load(); }));
  EXPECT_EQ(ended, 0);
  gate.open();
  EXPECT_TRUE(eventually([&] { return ended == 200; }));
  pool.stop();
  EXPECT_EQ(pool.metrics().waiting, 0u);
  EXPECT_EQ(pool.metrics().running, 0u);
}

// Goal: no more tasks compute at a time than there are slots. Method: many that wait again
// and again, and count who is outside of a wait.
TEST(Waiting, SlotsBoundWhatRunsAtTheSameTime) {
  std::mt19937 rng(testing::UnitTest::GetInstance()->random_seed());
  for (const std::size_t slots : {1, 3}) {
    std::atomic<std::size_t> computing = 0;
    std::atomic<std::size_t> most = 0;
    std::atomic<int> ended = 0;
    WorkerPool pool(slots, 1000);
    const auto compute = [&](int microseconds) {
      const std::size_t now = ++computing;
      for (std::size_t seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
      --computing;
    };
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(pool.submit([&, pause = static_cast<int>(rng() % 300)] {
        for (int round = 0; round < 10; ++round) {
          compute(pause);
          const Waiting waiting;
          std::this_thread::sleep_for(std::chrono::microseconds(300 - pause));
        }
        compute(pause);
        ++ended;
      }));
    }
    pool.stop();
    EXPECT_EQ(ended, 100);
    EXPECT_EQ(most, slots);
  }
}

TEST(Waiting, TheOutermostCounts) {
  WorkerPool pool(1, 10);
  std::atomic<std::size_t> inside = 9;
  std::atomic<std::size_t> between = 9;
  std::atomic<std::size_t> after = 9;
  ASSERT_TRUE(pool.submit([&] {
    {
      const Waiting outer;
      {
        const Waiting inner;
        inside = pool.metrics().running;
      }
      between = pool.metrics().running;
    }
    after = pool.metrics().running;
  }));
  pool.stop();
  EXPECT_EQ(inside, 0u);
  EXPECT_EQ(between, 0u);
  EXPECT_EQ(after, 1u);
}

TEST(Waiting, WhatIsThrownOutOfAWaitTakesTheSlotAgain) {
  WorkerPool pool(1, 100);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(pool.submit([] {
      const Waiting waiting;
      throw std::runtime_error("a defect");
    }));
  }
  std::atomic<std::size_t> running = 0;
  ASSERT_TRUE(pool.submit([&] { running = pool.metrics().running; }));
  pool.stop();
  EXPECT_EQ(running, 1u);
}

// Goal: what has begun goes before what has not. Method: one slot, which is busy while a
// wait ends and a new task is queued before that.
TEST(Waiting, WhoReturnsGoesBeforeNewTasks) {
  Gate wait_ends;
  Gate slot_free;
  std::mutex mutex;
  std::vector<std::string> order;
  const auto note = [&](const char* what) {
    const std::lock_guard lock(mutex);
    order.emplace_back(what);
  };
  WorkerPool pool(1, 10);
  std::atomic<bool> is_returning = false;
  ASSERT_TRUE(pool.submit([&] {
    {
      const Waiting waiting;
      wait_ends.wait();
      is_returning = true;
    }
    note("returned");
  }));
  std::promise<void> started;
  ASSERT_TRUE(pool.submit([&] {
    started.set_value();
    slot_free.wait();
  }));
  started.get_future().wait();
  ASSERT_TRUE(pool.submit([&] { note("new"); }));
  wait_ends.open();
  EXPECT_TRUE(eventually([&] { return is_returning.load(); }));
  std::this_thread::sleep_for(milliseconds(20));  // Until it is in the queue for a slot.
  slot_free.open();
  pool.stop();
  EXPECT_EQ(order, (std::vector<std::string>{"returned", "new"}));
}

// Goal: tasks that wait again and again, each for no time at all, keep nobody out for ever.
TEST(Waiting, NewTasksBeginAmongThoseThatReturnAllTheTime) {
  WorkerPool pool(1, 100);
  std::atomic<bool> over = false;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(pool.submit([&] {
      while (!over) const Waiting waiting;
    }));
  }
  std::atomic<int> ran = 0;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(pool.submit([&] { ++ran; }));
  EXPECT_TRUE(eventually([&] { return ran == 20; }));
  over = true;
  pool.stop();
}

// Goal: beyond the bound nothing fails and nothing hangs: who waits keeps the slot.
TEST(Waiting, BeyondTheBoundWhoWaitsKeepsTheSlot) {
  Gate gate;
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  WorkerPool pool({.slots = 2, .queue_max = 100, .waiting_max = 3});
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(pool.submit([&] {
      {
        const Waiting waiting;
        ++begun;
        gate.wait();
      }
      ++ended;
    }));
  }
  EXPECT_TRUE(eventually([&] { return begun == 5; }));
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(begun, 5);
  const WorkerPool::Metrics metrics = pool.metrics();
  EXPECT_EQ(metrics.waiting, 3u);
  EXPECT_EQ(metrics.running, 2u);
  EXPECT_EQ(metrics.queued, 15u);
  EXPECT_EQ(metrics.threads, 5u);
  gate.open();
  pool.stop();
  EXPECT_EQ(ended, 20);
}

TEST(Waiting, ThreadsThatWereNeededMeanwhileEnd) {
  Gate gate;
  std::atomic<int> ended = 0;
  WorkerPool pool({.slots = 2, .queue_max = 100, .idle_time = milliseconds(10)});
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(pool.submit([&] {
        const Waiting waiting;
        gate.wait();
        ++ended;
      }));
    }
    if (round == 0) {
      EXPECT_TRUE(eventually([&] { return pool.metrics().waiting == 50; }));
      EXPECT_GE(pool.metrics().threads, 50u);
      gate.open();
    }
    EXPECT_TRUE(eventually([&] { return ended == 50 * (round + 1); }));
    EXPECT_TRUE(eventually([&] { return pool.metrics().threads == 2; }));
  }
}

// Goal: a stop runs what is queued, also where every thread waits for it.
TEST(Waiting, AStopRunsWhatThoseWhoWaitAreWaitingFor) {
  auto gate = std::make_shared<Gate>();
  std::atomic<int> ended = 0;
  WorkerPool pool(1, 100);
  std::promise<void> started;
  std::promise<void> may_wait;
  ASSERT_TRUE(pool.submit([&] {
    started.set_value();
    may_wait.get_future().wait();
    const Waiting waiting;
    gate->wait();
    ++ended;
  }));
  started.get_future().wait();
  ASSERT_TRUE(pool.submit([&] {
    gate->open();
    ++ended;
  }));
  std::thread stopping([&] { pool.stop(); });
  EXPECT_TRUE(eventually([&] { return !pool.submit([] {}); }));
  may_wait.set_value();
  stopping.join();
  EXPECT_EQ(ended, 2);
}

// Goal: a task that waits for another pool's end holds up neither. Method: it stops that
// one.
TEST(Waiting, ATaskMayWaitForAnotherPool) {
  std::atomic<int> ran = 0;
  WorkerPool outer(1, 10);
  ASSERT_TRUE(outer.submit([&] {
    WorkerPool inner(1, 10);
    EXPECT_TRUE(inner.submit([&] {
      const Waiting waiting;
      ++ran;
    }));
    const Waiting waiting;
    inner.stop();
    ++ran;
  }));
  outer.stop();
  EXPECT_EQ(ran, 2);
}

// Goal: no slot is lost or made by any mixture of tasks, waits, throws and stops.
TEST(Waiting, SlotsAreNeitherLostNorMade) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(static_cast<unsigned>(seed));
  for (int round = 0; round < 30; ++round) {
    WorkerPool pool({.slots = 1 + rng() % 4,
                     .queue_max = 200,
                     .waiting_max = rng() % 10,
                     .idle_time = milliseconds(rng() % 3)});
    std::atomic<int> ended = 0;
    int taken = 0;
    for (int i = 0; i < 150; ++i) {
      const unsigned kind = rng() % 4;
      const auto pause = std::chrono::microseconds(rng() % 200);
      if (pool.submit([&ended, kind, pause] {
            ++ended;
            if (kind == 0) throw std::runtime_error("a defect");
            if (kind == 1) return;
            const Waiting waiting;
            std::this_thread::sleep_for(pause);
            if (kind == 2) throw 7;
          })) {
        ++taken;
      }
      if (rng() % 10 == 0) std::this_thread::sleep_for(pause);
    }
    pool.stop();
    const WorkerPool::Metrics metrics = pool.metrics();
    EXPECT_EQ(ended, taken);
    EXPECT_EQ(metrics.running, 0u);
    EXPECT_EQ(metrics.waiting, 0u);
    EXPECT_EQ(metrics.queued, 0u);
    EXPECT_EQ(metrics.threads, 0u);
  }
}

}  // namespace
}  // namespace trawl::waiting_test
