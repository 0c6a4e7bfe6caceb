#include "runtime/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <new>
#include <stdexcept>
#include <thread>

namespace trawl::worker_pool_test {
namespace {

TEST(WorkerPool, RunsEveryTaskOnce) {
  std::atomic<int> sum = 0;
  int expected = 0;
  {
    WorkerPool pool(4, 10'000);
    for (int i = 0; i < 2000; ++i) {
      ASSERT_TRUE(pool.submit([&sum, i] { sum += i; }));
      expected += i;
    }
  }  // What is queued runs before the pool is gone.
  EXPECT_EQ(sum, expected);
}

TEST(WorkerPool, AFullQueueRefusesAndRecovers) {
  WorkerPool pool(1, 2);
  std::promise<void> release;
  std::promise<void> started;
  ASSERT_TRUE(pool.submit([&, wait = release.get_future().share()] {
    started.set_value();
    wait.wait();
  }));
  started.get_future().wait();
  std::atomic<int> ran = 0;
  EXPECT_TRUE(pool.submit([&] { ++ran; }));
  EXPECT_TRUE(pool.submit([&] { ++ran; }));
  EXPECT_EQ(pool.metrics().queued, 2u);
  EXPECT_FALSE(pool.submit([&] { ran += 100; }));
  // What was admitted before goes on all the same.
  EXPECT_TRUE(pool.continue_for("somebody", [&] { ran += 10; }));
  release.set_value();
  pool.stop();
  EXPECT_EQ(ran, 12);
  EXPECT_EQ(pool.metrics().queued, 0u);
}

TEST(WorkerPool, AStoppedPoolRefuses) {
  WorkerPool pool(2, 10);
  pool.stop();
  EXPECT_FALSE(pool.submit([] { ADD_FAILURE() << "ran after the stop"; }));
  EXPECT_FALSE(pool.continue_for({}, [] { ADD_FAILURE() << "ran after the stop"; }));
  pool.stop();
}

// Goal: every stop() returns only when the work is done, whichever thread calls it.
TEST(WorkerPool, StopsFromTwoThreadsAtOnce) {
  for (int round = 0; round < 20; ++round) {
    WorkerPool pool(2, 100);
    std::atomic<int> ran = 0;
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(pool.submit([&] { ++ran; }));
    std::thread other([&] {
      pool.stop();
      EXPECT_EQ(ran, 50);
    });
    pool.stop();
    EXPECT_EQ(ran, 50);
    other.join();
  }
}

TEST(WorkerPool, LetsGoOfATaskWhenItHasRun) {
  WorkerPool pool(1, 10);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  ASSERT_TRUE(pool.submit([held = std::move(held)] {}));
  pool.stop();
  EXPECT_TRUE(watch.expired());
}

// Goal: no task ends its thread, or the process. Method: more of them throw, in each way
// there is, than there are threads; then one asks whether any is left.
TEST(WorkerPool, ATaskThatThrowsEndsNothingButItself) {
  WorkerPool pool(2, 100);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pool.submit([] { throw std::runtime_error("a defect"); }));
    ASSERT_TRUE(pool.submit([] { throw std::bad_alloc(); }));
    ASSERT_TRUE(pool.submit([] { throw 7; }));
  }
  std::atomic<int> ran = 0;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(pool.submit([&] { ++ran; }));
  pool.stop();
  EXPECT_EQ(ran, 10);
}

}  // namespace
}  // namespace trawl::worker_pool_test
