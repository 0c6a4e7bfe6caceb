// Goal: slots are shared by account, short tasks do not wait for long ones, and none is
// lost or made on the way. Method: tasks that compute, giving turns, until the test has
// seen what it waits for.

#include "runtime/turn.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "runtime/waiting.h"
#include "runtime/worker_pool.h"

namespace trawl::turn_test {
namespace {

using std::chrono::milliseconds;
using Submitted = WorkerPool::Submitted;

void spin(int microseconds) {
  const std::int64_t end = monotonic_us() + microseconds;
  while (monotonic_us() < end) continue;
}

// Computes until then, a minute at most; false when it took that.
bool compute_until(const std::function<bool()>& over) {
  const std::int64_t end = monotonic_us() + 60'000'000;
  while (!over()) {
    if (monotonic_us() > end) return false;
    spin(200);
    give_turn();
  }
  return true;
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

TEST(Turn, GoesToAnotherAccount) {
  WorkerPool pool(1, 100);
  std::atomic<bool> ran = false;
  std::promise<bool> ended;
  ASSERT_EQ(
      pool.submit_for("heavy",
                      [&] { ended.set_value(compute_until([&] { return ran.load(); })); }),
      Submitted::yes);
  ASSERT_EQ(pool.submit_for("light", [&] { ran = true; }), Submitted::yes);
  EXPECT_TRUE(ended.get_future().get());
  pool.stop();
}

TEST(Turn, GoesToAShortTaskOfTheSameAccount) {
  WorkerPool pool(1, 100);
  std::atomic<bool> ran = false;
  std::promise<bool> ended;
  ASSERT_TRUE(
      pool.submit([&] { ended.set_value(compute_until([&] { return ran.load(); })); }));
  ASSERT_TRUE(pool.submit([&] { ran = true; }));
  EXPECT_TRUE(ended.get_future().get());
  pool.stop();
}

// Goal: of long tasks of one account the first is done first, so that those that come later
// hold nothing meanwhile.
TEST(Turn, LongTasksOfAnAccountEndInTheirOrder) {
  WorkerPool pool({.slots = 4, .long_slots = 1});
  Mutex mutex;
  std::vector<int> order;
  std::atomic<bool> all_are_there = false;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(pool.submit([&, i] {
      spin(kLongTaskUs);
      compute_until([&] { return all_are_there.load(); });
      for (int turn = 0; turn < 20; ++turn) {
        spin(1'000);
        give_turn();
      }
      const MutexLock lock(mutex);
      order.push_back(i);
    }));
    if (i > 0) {
      EXPECT_TRUE(eventually(
          [&] { return pool.metrics().set_aside == static_cast<std::size_t>(i); }));
    } else {
      std::this_thread::sleep_for(milliseconds(50));
    }
  }
  all_are_there = true;
  pool.stop();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST(Turn, NoMoreLongTasksComputeThanMay) {
  WorkerPool pool({.slots = 8, .long_slots = 2});
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  // A busy machine may let one of two go on for long: until then the first waits for it.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(pool.submit_for(
                  "account " + std::to_string(i % 3),
                  [&] {
                    spin(kLongTaskUs);
                    for (int turn = 0; turn < 20; ++turn) {
                      give_turn();
                      const int here = ++now;
                      for (int seen = most;
                           here > seen && !most.compare_exchange_weak(seen, here);) {
                      }
                      do {
                        spin(1'000);
                      } while (most < 2 && std::chrono::steady_clock::now() < patience);
                      --now;
                    }
                  }),
              Submitted::yes);
  }
  pool.stop();
  EXPECT_EQ(most, 2);
}

// Goal: of a kind whose last two were long, the next waits with the long ones before it
// begins, until one was short.
// What the system lets this thread have beside others: higher is less.
int niceness() {
  return ::getpriority(PRIO_PROCESS, 0);
}

// A short task runs as soon as it wants to, on whichever thread, after any number of long
// ones; and these are told apart by nothing but what they took.
TEST(Turn, OnlyThreadsOfLongTasksGiveWayToOthers) {
  constexpr std::uint64_t kKind = 5;
  const int usual = niceness();
  if (usual > 9) GTEST_SKIP() << "there is nothing less than what this process has";
  WorkerPool pool({.slots = 2});
  for (int i = 0; i < 12; ++i) {
    std::promise<std::pair<int, int>> seen;
    const auto task = [&] {
      const int at_first = niceness();
      spin(kLongTaskUs);
      give_turn();
      seen.set_value({at_first, niceness()});
    };
    ASSERT_EQ(pool.submit_for("long", task, i < 2 ? 0 : kKind), Submitted::yes);
    const auto [at_first, then] = seen.get_future().get();
    // The third and fourth of a kind are enough to know the fifth by.
    EXPECT_EQ(at_first > usual, i >= 4) << i;
    EXPECT_GT(then, usual) << i;
    // All that there are, at once, so that each has one.
    std::atomic<int> came = 0;
    std::vector<std::future<int>> short_ones;
    for (int k = 0; k < 2; ++k) {
      auto result = std::make_shared<std::promise<int>>();
      short_ones.push_back(result->get_future());
      ASSERT_TRUE(pool.submit([&came, result] {
        ++came;
        eventually([&] { return came == 2; });
        result->set_value(niceness());
      }));
    }
    for (auto& each : short_ones) EXPECT_EQ(each.get(), usual) << i;
  }
  EXPECT_TRUE(eventually([&] { return pool.metrics().threads == 2; }));
}

TEST(Turn, ATaskThatIsLikelyToBeLongIsOneFromTheBeginning) {
  constexpr std::uint64_t kKind = 7;
  WorkerPool pool({.slots = 2, .long_slots = 1});
  const auto run = [&](int microseconds) {
    std::promise<void> ended;
    const auto task = [&] {
      spin(microseconds);
      ended.set_value();
    };
    EXPECT_EQ(pool.submit_for({}, task, kKind), Submitted::yes);
    ended.get_future().wait();
    EXPECT_TRUE(eventually([&] { return pool.metrics().running == 0; }));
  };
  // Whether the next one begins while a long one computes.
  const auto begins = [&] {
    std::atomic<bool> over = false;
    std::atomic<bool> computes = false;
    std::atomic<bool> began = false;
    EXPECT_TRUE(pool.submit([&] {
      spin(kLongTaskUs);
      give_turn();  // From here on it is a long one.
      compute_until([&] { return computes = true, over.load(); });
    }));
    EXPECT_TRUE(eventually([&] { return computes.load(); }));
    EXPECT_EQ(pool.submit_for(
                  {}, [&] { began = true; }, kKind),
              Submitted::yes);
    EXPECT_TRUE(eventually([&] { return began || pool.metrics().running == 1; }));
    // A task of another kind does not wait.
    std::promise<void> other;
    EXPECT_EQ(pool.submit_for(
                  {}, [&] { other.set_value(); }, kKind + 1),
              Submitted::yes);
    other.get_future().wait();
    const bool so = began;
    EXPECT_EQ(pool.metrics().queued, so ? 0u : 1u);
    over = true;
    EXPECT_TRUE(eventually([&] { return began && pool.metrics().running == 0; }));
    return so;
  };
  run(kLongTaskUs);
  EXPECT_TRUE(begins());
  run(kLongTaskUs);
  run(kLongTaskUs);
  EXPECT_FALSE(begins());
  EXPECT_TRUE(begins());
  pool.stop();
}

// Goal: the pool says from when on a task is a long one. Its thread would end with it.
TEST(Turn, WhatIsLongIsForThePoolToSay) {
  WorkerPool pool({.slots = 1, .long_task_us = 3'600'000'000});
  const auto tasks_of_its_thread = [&] {
    std::promise<int> found;
    EXPECT_TRUE(pool.submit([&] {
      static thread_local int count = 0;
      spin(kLongTaskUs);
      give_turn();
      found.set_value(++count);
    }));
    return found.get_future().get();
  };
  EXPECT_EQ(tasks_of_its_thread(), 1);
  EXPECT_EQ(tasks_of_its_thread(), 2);
  pool.stop();
}

// Goal: however many tasks an account has, another one gets its half. Method: one slot,
// nine tasks of one and one of the other, all of which compute; what each did in the time
// in which both were there.
TEST(Turn, SharesAreEqual) {
  WorkerPool pool({.slots = 1, .waiting_max = 100});
  std::atomic<bool> over = false;
  std::atomic<int> many = 0;
  std::atomic<int> one = 0;
  const auto compute = [&over](std::atomic<int>& count) {
    return [&over, &count] {
      while (!over) {
        spin(500);
        ++count;
        give_turn();
      }
    };
  };
  for (int i = 0; i < 9; ++i) {
    ASSERT_EQ(pool.submit_for("many", compute(many)), Submitted::yes);
  }
  ASSERT_EQ(pool.submit_for("one", compute(one)), Submitted::yes);
  EXPECT_TRUE(eventually([&] { return one > 0; }));
  const int many_before = many;
  EXPECT_TRUE(eventually([&] { return one > 600; }));
  const int many_meanwhile = many - many_before;
  over = true;
  pool.stop();
  EXPECT_GT(many_meanwhile, 300);
  EXPECT_LT(many_meanwhile, 1'200);
}

// Goal: what an account gets beside others goes by its weight, also one that it is given
// meanwhile. Method: one slot, two that compute; what one did while the other did so much.
TEST(Turn, SharesGoByWeight) {
  WorkerPool pool({.slots = 1, .waiting_max = 100});
  pool.set_weight("heavier", 3 * WorkerPool::kWeight);
  std::atomic<bool> over = false;
  std::atomic<int> heavier = 0;
  std::atomic<int> usual = 0;
  const auto compute = [&over](std::atomic<int>& count) {
    return [&over, &count] {
      while (!over) {
        spin(500);
        ++count;
        give_turn();
      }
    };
  };
  ASSERT_EQ(pool.submit_for("heavier", compute(heavier)), Submitted::yes);
  ASSERT_EQ(pool.submit_for("usual", compute(usual)), Submitted::yes);
  const auto while_usual_does = [&](int count) {
    const int usual_before = usual;
    const int heavier_before = heavier;
    EXPECT_TRUE(eventually([&] { return usual >= usual_before + count; }));
    return heavier - heavier_before;
  };
  EXPECT_TRUE(eventually([&] { return usual > 0; }));
  const int three_times = while_usual_does(300);
  EXPECT_GT(three_times, 600);
  EXPECT_LT(three_times, 1'400);
  pool.set_weight("heavier", WorkerPool::kWeight / 2);
  const int half = while_usual_does(600);
  EXPECT_GT(half, 150);
  EXPECT_LT(half, 500);
  over = true;
  pool.stop();
}

// Goal: an account that was away has saved nothing up.
TEST(Turn, WhoComesBackBeginsWithTheOthers) {
  WorkerPool pool(1, 100);
  std::atomic<int> first = 0;
  std::atomic<int> second = 0;
  std::atomic<bool> over = false;
  ASSERT_EQ(pool.submit_for("first",
                            [&] {
                              compute_until([&] {
                                ++first;
                                return over.load();
                              });
                            }),
            Submitted::yes);
  EXPECT_TRUE(eventually([&] { return first > 500; }));  // A tenth of a second and more.
  const int before = first;
  ASSERT_EQ(
      pool.submit_for("second", [&] { compute_until([&] { return ++second > 200; }); }),
      Submitted::yes);
  EXPECT_TRUE(eventually([&] { return second > 200; }));
  EXPECT_GT(first - before, 50);
  over = true;
  pool.stop();
}

// Goal: who was alone for long owes nobody anything. Method: an account computes, is away
// while another begins, and comes back.
TEST(Turn, WhoWasAloneOwesNothing) {
  WorkerPool pool(1, 100);
  std::promise<void> was_alone;
  ASSERT_EQ(pool.submit_for("first",
                            [&] {
                              spin(300'000);
                              was_alone.set_value();
                            }),
            Submitted::yes);
  was_alone.get_future().wait();
  EXPECT_TRUE(eventually([&] { return pool.metrics().running == 0; }));
  std::atomic<int> first = 0;
  std::atomic<int> second = 0;
  std::atomic<bool> over = false;
  ASSERT_EQ(pool.submit_for("second",
                            [&] {
                              compute_until([&] {
                                ++second;
                                return over.load();
                              });
                            }),
            Submitted::yes);
  EXPECT_TRUE(eventually([&] { return second > 0; }));
  ASSERT_EQ(pool.submit_for("first", [&] { compute_until([&] { return ++first > 200; }); }),
            Submitted::yes);
  EXPECT_TRUE(eventually([&] { return first > 200; }));
  EXPECT_LT(second, 800);
  over = true;
  pool.stop();
}

// Goal: long tasks go on beside short ones that never end coming.
TEST(Turn, LongTasksAreNotPassedOverForEver) {
  WorkerPool pool({.slots = 1, .queue_max = 1'000});
  std::atomic<bool> ended = false;
  ASSERT_TRUE(pool.submit([&] {
    const std::int64_t end = monotonic_us() + 30'000;
    compute_until([&] { return monotonic_us() > end; });
    ended = true;
  }));
  while (!ended) {
    // Two at least are always there.
    if (pool.metrics().queued < 10) {
      ASSERT_TRUE(pool.submit([] { spin(100); }));
    }
  }
  pool.stop();
}

// Goal: whoever is waited for by others never waits for them.
TEST(Turn, IsNotGivenAwayUnderALock) {
  WorkerPool pool(1, 100);
  std::atomic<bool> ran = false;
  std::promise<bool> ran_meanwhile;
  ASSERT_EQ(pool.submit_for("a",
                            [&] {
                              Mutex mutex;
                              {
                                const MutexLock lock(mutex);
                                const std::int64_t end = monotonic_us() + 40'000;
                                compute_until([&] { return monotonic_us() > end; });
                              }
                              ran_meanwhile.set_value(ran);
                            }),
            Submitted::yes);
  ASSERT_EQ(pool.submit_for("b", [&] { ran = true; }), Submitted::yes);
  EXPECT_FALSE(ran_meanwhile.get_future().get());
  pool.stop();
  EXPECT_TRUE(ran);
}

TEST(Turn, DoesNothingElsewhere) {
  give_turn();
  WorkerPool pool(1, 10);
  ASSERT_TRUE(pool.submit([] {
    const Waiting waiting;
    spin(kTurnUs);
    give_turn();
  }));
}

TEST(WorkerPool, AnAccountHasItsShareOfTheQueue) {
  WorkerPool pool({.slots = 1, .queue_max = 5, .account_queue_max = 3});
  std::promise<void> open;
  std::promise<void> begun;
  ASSERT_TRUE(pool.submit([&] {
    begun.set_value();
    open.get_future().wait();
  }));
  begun.get_future().wait();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pool.submit_for("a", [] {}), Submitted::yes);
  EXPECT_EQ(pool.submit_for("a", [] {}), Submitted::account_has_its_share);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(pool.submit_for("b", [] {}), Submitted::yes);
  EXPECT_EQ(pool.submit_for("c", [] {}), Submitted::queue_full);
  open.set_value();
  pool.stop();
}

TEST(PoolGuest, TakesASlotAndGivesTurns) {
  WorkerPool pool(1, 100);
  std::atomic<bool> ran = false;
  std::atomic<bool> ended = false;
  std::thread thread([&] {
    const PoolGuest guest(pool, "guest");
    EXPECT_EQ(pool.metrics().running, 1u);
    EXPECT_TRUE(compute_until([&] { return ran.load(); }));
    {
      const Waiting waiting;
      EXPECT_EQ(pool.metrics().running, 0u);
    }
    ended = true;
  });
  ASSERT_EQ(pool.submit_for("other", [&] { ran = true; }), Submitted::yes);
  thread.join();
  pool.stop();
  EXPECT_TRUE(ended);
  EXPECT_EQ(pool.metrics().running, 0u);
}

// Goal: no slot is lost or made by any mixture of accounts, turns, waits and guests.
TEST(Turn, SlotsAreNeitherLostNorMade) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  for (int round = 0; round < 8; ++round) {
    const std::size_t slots = 1 + rng() % 4;
    WorkerPool pool({.slots = slots,
                     .long_slots = 1 + rng() % slots,
                     .queue_max = 200,
                     .waiting_max = rng() % 10,
                     .idle_time = milliseconds(rng() % 3)});
    std::atomic<std::size_t> computing = 0;
    std::atomic<std::size_t> most = 0;
    std::atomic<int> ended = 0;
    const auto compute = [&](unsigned kind, int microseconds) {
      const std::size_t here = ++computing;
      for (std::size_t seen = most;
           here > seen && !most.compare_exchange_weak(seen, here);) {
      }
      spin(microseconds);
      --computing;
      give_turn();
      if (kind == 1) {
        const Waiting waiting;
        std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
      }
    };
    int taken = 0;
    std::vector<std::thread> guests;
    for (int i = 0; i < 60; ++i) {
      const unsigned kind = rng() % 3;
      const int pause = static_cast<int>(rng() % 3'000);
      const std::string account = "account " + std::to_string(rng() % 3);
      const auto task = [&, kind, pause] {
        for (int turn = 0; turn < 6; ++turn) compute(kind, pause);
        ++ended;
      };
      if (i % 10 == 0) {
        guests.emplace_back([&pool, account, task] {
          const PoolGuest guest(pool, account);
          task();
        });
        ++taken;
      } else if (pool.submit_for(account, task) == Submitted::yes) {
        ++taken;
      }
    }
    for (std::thread& guest : guests) guest.join();
    pool.stop();
    EXPECT_EQ(ended, taken);
    EXPECT_LE(most, slots);
    const WorkerPool::Metrics metrics = pool.metrics();
    EXPECT_EQ(metrics.running, 0u);
    EXPECT_EQ(metrics.waiting, 0u);
    EXPECT_EQ(metrics.set_aside, 0u);
    EXPECT_EQ(metrics.queued, 0u);
  }
}

}  // namespace
}  // namespace trawl::turn_test
