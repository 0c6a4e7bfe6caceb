#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/manual_clock_test_support.h"
#include "ledger/follow/following.h"
#include "ledger/ledger.h"
#include "ledger/ledger_contract_test_support.h"
#include "ledger/ledger_test_data.h"
#include "runtime/stop.h"

// What every ledger promises to those who follow it.
namespace trawl::ledger_follow_test {
namespace {

using Kind = FollowEvent::Kind;
using std::chrono::milliseconds;
using test::filter_of;
using test::finished;
using test::imported;
using test::LedgerContract;
using test::make_execution;
using test::put;
using test::started;
using Ids = std::vector<std::string>;

const NamespaceId kFollowed("ns_a");

// As ids; a start has a + behind it.
Ids ids_of(const std::vector<FollowEvent>& events) {
  Ids out;
  for (const FollowEvent& event : events) {
    EXPECT_EQ(event.kind == Kind::started, event.summary.status == status::kProcessing);
    out.push_back(event.summary.execution_id.str() +
                  (event.kind == Kind::started ? "+" : ""));
  }
  return out;
}

FollowRequest request() {
  FollowRequest out;
  out.filter = filter_of(kFollowed);
  out.look_every = milliseconds(1);
  return out;
}

TimeUs now() {
  return system_clock().now();
}

Execution make(const std::string& id, std::string_view status = status::kCompleted) {
  return make_execution(kFollowed, id, now(), status);
}

// What comes until so many events are here, or for long enough.
std::vector<FollowEvent> take(Following& following, std::size_t count) {
  std::vector<FollowEvent> out;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (out.size() < count && std::chrono::steady_clock::now() < end) {
    const FollowBatch batch = following.next(milliseconds(100)).value();
    EXPECT_EQ(batch.dropped, 0u);
    EXPECT_FALSE(batch.skipped);
    out.insert(out.end(), batch.events.begin(), batch.events.end());
  }
  return out;
}

// What is there now.
std::vector<FollowEvent> rest(Following& following) {
  std::vector<FollowEvent> out;
  while (true) {
    const FollowBatch batch = following.next(milliseconds(10)).value();
    if (batch.events.empty()) return out;
    out.insert(out.end(), batch.events.begin(), batch.events.end());
  }
}

TEST_P(LedgerContract, FollowingBringsWhatStartsAndEndsFromThenOn) {
  put(ledger_, finished(make("before")));
  const Execution older = make("older");
  put(ledger_, started(older));
  const auto following = ledger_.follow(request()).value();
  const Execution a = make("a");
  put(ledger_, started(a));
  EXPECT_EQ(ids_of(take(*following, 1)), Ids{"a+"});
  put(ledger_, started(a));  // Changes nothing.
  put(ledger_, finished(make_execution(kOther, "x", now())));
  put(ledger_, finished(make("b", status::kFailed)));
  const auto b = take(*following, 1);
  EXPECT_EQ(ids_of(b), Ids{"b"});
  EXPECT_EQ(b.front().summary.status, status::kFailed);
  put(ledger_, finished(older));
  EXPECT_EQ(ids_of(take(*following, 1)), Ids{"older"});
  put(ledger_, finished(a));
  put(ledger_, finished(a));
  EXPECT_EQ(ids_of(take(*following, 1)), Ids{"a"});
  if (ledger_.traits().exact_following) put(ledger_, imported(make("i")));
  EXPECT_EQ(ids_of(rest(*following)), Ids{});
}

TEST_P(LedgerContract, FollowingBringsWhatMatches) {
  FollowRequest failed = request();
  failed.filter.status = status::kFailed;
  FollowRequest large = request();
  large.filter.where.push_back(
      Filter::compile(
          parse_json(R"({"field":"inputs.n","operator":"gt","value":1})").value(),
          "filters")
          .value());
  const auto following_failed = ledger_.follow(failed).value();
  const auto following_large = ledger_.follow(large).value();
  const Execution slow = make("slow", status::kFailed);
  put(ledger_, started(slow));
  for (int n = 0; n < 4; ++n) {
    Execution execution =
        make("e" + std::to_string(n), n % 2 == 0 ? status::kFailed : status::kCompleted);
    execution.inputs = "{\"n\":" + std::to_string(n) + "}";
    put(ledger_, finished(execution));
  }
  EXPECT_EQ(ids_of(take(*following_failed, 2)), (Ids{"e0", "e2"}));
  put(ledger_, finished(slow));
  EXPECT_EQ(ids_of(take(*following_failed, 1)), Ids{"slow"});
  EXPECT_EQ(ids_of(take(*following_large, 2)), (Ids{"e2", "e3"}));
  EXPECT_EQ(ids_of(rest(*following_large)), Ids{});
}

// Goal: whoever is cut off anywhere goes on without a gap. Method: a random history, which
// a reader follows that comes again and again from its last event or where it stood.
TEST_P(LedgerContract, FollowingGoesOnAfterABreak) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  std::vector<Execution> runs;
  std::multiset<std::string> expected, got;
  Ids in_order, got_in_order;
  FollowCursor cursor = ledger_.follow(request()).value()->cursor();
  int made = 0;
  for (int round = 0; round < 25; ++round) {
    FollowRequest again = request();
    again.since = cursor;
    const auto following = ledger_.follow(again).value();
    const auto write = [&] {
      const Execution execution = make("e" + std::to_string(made++));
      const bool runs_on = random() % 3 == 0;
      put(ledger_, runs_on ? started(execution) : finished(execution));
      if (runs_on) {
        runs.push_back(execution);
      } else {
        in_order.push_back(execution.summary.execution_id.str());
      }
      if (!runs.empty() && random() % 3 == 0) {
        const auto which = static_cast<std::ptrdiff_t>(random() % runs.size());
        put(ledger_, finished(runs[static_cast<std::size_t>(which)]));
        in_order.push_back(
            runs[static_cast<std::size_t>(which)].summary.execution_id.str());
        runs.erase(runs.begin() + which);
      }
    };
    for (auto n = random() % 8; n > 0; --n) write();
    std::vector<FollowEvent> events;
    // Perhaps not all; the first batch is the past.
    for (auto n = random() % 3; n > 0; --n) {
      const FollowBatch batch = following->next(milliseconds(5)).value();
      events.insert(events.end(), batch.events.begin(), batch.events.end());
      cursor = following->cursor();
    }
    if (!events.empty() && random() % 2 == 0) {
      events.resize(1 + random() % events.size());
      cursor = events.back().cursor;
    }
    for (const FollowEvent& event : events) {
      if (event.kind == Kind::ended) {
        got_in_order.push_back(event.summary.execution_id.str());
      }
    }
    for (auto n = random() % 4; n > 0; --n) write();
  }
  FollowRequest last = request();
  last.since = cursor;
  const auto following = ledger_.follow(last).value();
  for (const FollowEvent& event : rest(*following)) {
    if (event.kind == Kind::ended) got_in_order.push_back(event.summary.execution_id.str());
  }
  expected.insert(in_order.begin(), in_order.end());
  got.insert(got_in_order.begin(), got_in_order.end());
  if (ledger_.traits().exact_following) {
    EXPECT_EQ(got, expected);
  } else {
    EXPECT_EQ(std::set<std::string>(got.begin(), got.end()),
              std::set<std::string>(expected.begin(), expected.end()));
  }
}

// Goal: where times alone tell what a reader has seen, some of it may come twice, but
// nothing is missed. Method: a random history of hours, and a reader that breaks off
// anywhere and comes back with the cursor of a feed that is gone, as after a restart of the
// server.
TEST_P(LedgerContract, FollowingMissesNothingWhereTimesDecide) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  test::ManualClock clock;
  std::vector<Execution> runs;
  std::set<std::string> expected, got;
  FollowRequest wanted = request();
  wanted.clock = &clock;
  FollowCursor cursor = ledger_.follow(wanted).value()->cursor();
  int made = 0;
  std::size_t events_taken = 0;
  const auto pass_time = [&] {
    clock.advance(static_cast<TimeUs>(random() % 40) * kMicrosPerSecond + 1);
  };
  const auto write = [&] {
    if (random() % 3 == 0) pass_time();
    clock.advance(1);
    if (!runs.empty() && random() % 2 == 0) {
      const auto which = static_cast<std::ptrdiff_t>(random() % runs.size());
      Execution& ended = runs[static_cast<std::size_t>(which)];
      ended.summary.duration_ms =
          static_cast<double>(clock.now() - ended.summary.timestamp) / 1'000;
      put(ledger_, finished(ended));
      expected.insert(ended.summary.execution_id.str());
      runs.erase(runs.begin() + which);
      return;
    }
    const Execution execution =
        make_execution(kFollowed, "e" + std::to_string(made++), clock.now());
    const bool runs_on = random() % 2 == 0;
    put(ledger_, runs_on ? started(execution) : finished(execution));
    if (runs_on) {
      runs.push_back(execution);
    } else {
      expected.insert(execution.summary.execution_id.str());
    }
  };
  for (int round = 0; round < 60; ++round) {
    for (auto n = random() % 8; n > 0; --n) write();
    ++cursor.epoch;  // The feed is another one.
    wanted.since = cursor;
    const auto following = ledger_.follow(wanted).value();
    for (auto n = random() % 5; n > 0; --n) write();
    for (auto n = random() % 4; n > 0; --n) {
      const FollowBatch batch = following->next(milliseconds(0)).value();
      std::size_t count = batch.events.size();
      cursor = following->cursor();
      const bool breaks_off = count > 0 && random() % 3 == 0;
      if (breaks_off) {
        count = 1 + random() % count;
        cursor = batch.events[count - 1].cursor;
      }
      for (std::size_t i = 0; i < count; ++i) {
        const FollowEvent& event = batch.events[i];
        if (event.kind == Kind::ended) got.insert(event.summary.execution_id.str());
      }
      events_taken += count;
      if (breaks_off) break;
      for (auto more = random() % 5; more > 0; --more) write();
      std::this_thread::sleep_for(milliseconds(2));  // Who looks, looks again.
    }
  }
  wanted.since = cursor;
  const auto following = ledger_.follow(wanted).value();
  for (int i = 0; i < 3; ++i) {
    for (const FollowEvent& event : following->next(milliseconds(5)).value().events) {
      if (event.kind == Kind::ended) got.insert(event.summary.execution_id.str());
    }
  }
  EXPECT_EQ(got, expected);
  // Nor is everything sent again and again.
  EXPECT_LT(events_taken, 10 * expected.size());
}

// Goal: past and present have no seam. Method: readers begin while others write.
TEST_P(LedgerContract, FollowingPastAndPresentHaveNoSeam) {
  std::atomic<bool> stop = false;
  std::atomic<int> made = 0;
  const auto id = [](int n) { return "e" + std::to_string(n); };
  std::thread writer([&] {
    while (!stop) {
      put(ledger_, finished(make(id(made))));
      ++made;
      std::this_thread::sleep_for(milliseconds(1));
    }
  });
  for (int turn = 0; turn < 10; ++turn) {
    while (made < 3 * (turn + 1)) std::this_thread::yield();
    FollowRequest wanted = request();
    const int first = made - 1;
    const auto newest = ledger_.find(kNs, ExecutionId(id(first))).value();
    ASSERT_TRUE(newest);
    wanted.since = follow_cursor_since(newest->summary.timestamp);
    const auto following = ledger_.follow(wanted).value();
    Ids expected;
    for (int n = first; n < first + 20; ++n) expected.push_back(id(n));
    Ids got = ids_of(take(*following, 20));
    got.resize(std::min<std::size_t>(got.size(), 20));
    EXPECT_EQ(got, expected);
  }
  stop = true;
  writer.join();
}

TEST_P(LedgerContract, FollowingGoingBackIsBoundedAndSaysSo) {
  for (int i = 0; i < 10; ++i) put(ledger_, finished(make("e" + std::to_string(i))));
  put(ledger_, imported(make("pending", status::kProcessing)));
  FollowRequest wanted = request();
  wanted.since = follow_cursor_since(now() - kMicrosPerHour);
  wanted.past_max = 3;
  const auto following = ledger_.follow(wanted).value();
  const FollowBatch past = following->next(milliseconds(0)).value();
  EXPECT_TRUE(past.skipped);
  EXPECT_EQ(ids_of(past.events), (Ids{"e7", "e8", "e9"}));
  EXPECT_EQ(ids_of(rest(*following)), Ids{});
  wanted.past_max = 10;
  const FollowBatch all = ledger_.follow(wanted).value()->next(milliseconds(0)).value();
  EXPECT_FALSE(all.skipped);
  EXPECT_EQ(all.events.size(), 10u);
}

// Goal: a reader that takes its time costs bounded memory, and still gets everything it is
// told to ask for.
TEST_P(LedgerContract, FollowingASlowReaderLearnsWhatItLost) {
  constexpr std::size_t kCount = 12'000;
  FollowRequest wanted = request();
  wanted.past_max = 2 * kCount;
  auto following = ledger_.follow(wanted).value();
  for (std::size_t i = 0; i < kCount;) {
    std::vector<LedgerWrite> writes;
    for (int n = 0; n < 1'000; ++n, ++i) {
      writes.push_back(finished(make("e" + std::to_string(i))));
    }
    ASSERT_TRUE(test::append(ledger_, std::move(writes)));
  }
  std::set<std::string> got;
  const auto read = [&]() -> std::uint64_t {
    const FollowBatch batch = following->next(milliseconds(100)).value();
    for (const FollowEvent& event : batch.events) {
      got.insert(event.summary.execution_id.str());
    }
    return batch.dropped;
  };
  const std::uint64_t dropped = read();
  EXPECT_EQ(got.size() + dropped, kCount);
  if (ledger_.traits().exact_following) {
    EXPECT_GT(dropped, 0u);
  }
  wanted.since = following->cursor();
  following = ledger_.follow(wanted).value();
  EXPECT_EQ(read(), 0u);
  EXPECT_EQ(got.size(), kCount);
}

TEST_P(LedgerContract, FollowingAStopEndsAWait) {
  StopSource stop;
  FollowRequest wanted = request();
  wanted.stop = stop.token();
  wanted.look_every = std::chrono::hours(1);
  const auto following = ledger_.follow(wanted).value();
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(20));
    stop.request_stop(StopReason::client_left);
  });
  FollowBatch batch;
  while (!wanted.stop.stop_requested()) {
    batch = following->next(std::chrono::hours(1)).value();
  }
  other.join();
  EXPECT_TRUE(batch.events.empty());
  EXPECT_TRUE(following->next(std::chrono::hours(1)).value().events.empty());
  const auto late = ledger_.follow(wanted).value();
  EXPECT_TRUE(late->next(std::chrono::hours(1)).value().events.empty());
}

// Goal: it is over when nothing more can match, and not while something that does runs.
TEST_P(LedgerContract, FollowingEndsWithItsFilter) {
  const Execution early = make_execution(kNs, "early", now() - kMicrosPerMinute);
  put(ledger_, started(early));
  FollowRequest wanted = request();
  wanted.filter.end_time = now() - 30 * kMicrosPerSecond;
  const auto following = ledger_.follow(wanted).value();
  EXPECT_FALSE(following->next(milliseconds(5)).value().over);
  put(ledger_, started(make("late")));
  put(ledger_, finished(early));
  EXPECT_EQ(ids_of(take(*following, 1)), Ids{"early"});
  EXPECT_TRUE(following->next(std::chrono::hours(1)).value().over);
}

TEST_P(LedgerContract, FollowingTellsWhatRecoverEnds) {
  put(ledger_, started(make("a")));
  const auto following = ledger_.follow(request()).value();
  ASSERT_TRUE(ledger_.recover());
  test::settle(ledger_);
  const auto events = take(*following, 1);
  EXPECT_EQ(ids_of(events), Ids{"a"});
  EXPECT_EQ(events.front().summary.status, status::kFailed);
}

TEST_P(LedgerContract, FollowingManyReadersAtOnce) {
  constexpr int kCount = 300;
  std::vector<std::thread> readers;
  std::atomic<int> ready = 0;
  for (int r = 0; r < 4; ++r) {
    readers.emplace_back([&] {
      const auto following = ledger_.follow(request()).value();
      ++ready;
      Ids ended;
      for (const FollowEvent& event : take(*following, kCount)) {
        ended.push_back(event.summary.execution_id.str());
      }
      EXPECT_EQ(ended.size(), static_cast<std::size_t>(kCount));
      EXPECT_EQ(std::set<std::string>(ended.begin(), ended.end()).size(), ended.size());
    });
  }
  while (ready < 4) std::this_thread::yield();
  for (int i = 0; i < kCount; ++i) put(ledger_, finished(make("e" + std::to_string(i))));
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace trawl::ledger_follow_test
