#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/manual_clock_test_support.h"
#include "ledger/follow/following.h"
#include "ledger/ledger.h"
#include "ledger/ledger_rules.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/poor_ledger_test_support.h"
#include "ledger/record/recorder.h"

// What every ledger promises that several servers share: what runs belongs to one of them,
// as long as it says that it lives.
namespace trawl::ledger_leases_test {
namespace {

using test::make_execution;

constexpr std::int64_t kLeaseUs = 30 * kMicrosPerSecond;

// Opens ledgers over one history.
using Opener = std::function<std::unique_ptr<Ledger>(const MemoryLease&)>;

struct SharedBackend {
  std::string name;
  std::function<Opener()> make;
};

class LedgerLeases : public testing::TestWithParam<SharedBackend> {
 protected:
  std::unique_ptr<Ledger> open(const std::string& server) {
    auto ledger = opener_({server, kLeaseUs, &clock_});
    EXPECT_EQ(ledger->traits().lease_us, kLeaseUs);
    return ledger;
  }
  std::string status_of(const Ledger& ledger, const std::string& id) const {
    return ledger.find(kNs, ExecutionId(id)).value()->summary.status;
  }
  // Ids that run, and whether they run here.
  std::map<std::string, bool> running(const Ledger& ledger) const {
    std::map<std::string, bool> out;
    for (const RunningExecution& execution : ledger.running(kNs).value()) {
      out[execution.key.execution_id.str()] = execution.here;
    }
    return out;
  }

  const NamespaceId kNs{"ns_a"};
  test::ManualClock clock_;
  Opener opener_ = GetParam().make();
};

TEST_P(LedgerLeases, TwoServersDoNotEndEachOthersRuns) {
  const auto first = open("a");
  EXPECT_EQ(first->recover().value(), 0u);
  Recorder of_first(*first, {.start_wait_us = 0});
  auto ticket = of_first.admit().value();
  of_first.start(ticket, make_execution(kNs, "of_a", clock_.now()));
  of_first.flush();
  test::settle(*first);
  const auto second = open("b");
  EXPECT_EQ(second->recover().value(), 0u);
  Recorder of_second(*second, {.start_wait_us = 0});
  auto other = of_second.admit().value();
  of_second.start(other, make_execution(kNs, "of_b", clock_.now()));
  of_second.flush();
  test::settle(*second);
  for (int turn = 0; turn < 10; ++turn) {
    EXPECT_EQ(first->keep_lease().value(), 0u);
    EXPECT_EQ(second->keep_lease().value(), 0u);
    clock_.advance(kLeaseUs - 1);
  }
  EXPECT_EQ(running(*first),
            (std::map<std::string, bool>{{"of_a", true}, {"of_b", false}}));
  EXPECT_EQ(running(*second),
            (std::map<std::string, bool>{{"of_a", false}, {"of_b", true}}));
  of_first.finish(
      std::move(ticket), make_execution(kNs, "of_a", clock_.now()),
      [](const AppendOutcome& outcome) { EXPECT_EQ(outcome.value(), Appended::written); });
  of_first.flush();
  test::settle(*first);
  EXPECT_EQ(status_of(*second, "of_a"), status::kCompleted);
  EXPECT_EQ(status_of(*first, "of_b"), status::kProcessing);
}

TEST_P(LedgerLeases, WhatADeadServerRanEndsWithItsLease) {
  const auto first = open("a");
  const auto second = open("b");
  ASSERT_TRUE(first->recover());
  ASSERT_TRUE(second->recover());
  test::put(*first, test::started(make_execution(kNs, "of_a", 1)));
  clock_.advance(kLeaseUs - 1);
  EXPECT_EQ(second->keep_lease().value(), 0u);
  test::put(*second, test::started(make_execution(kNs, "of_b", 2)));
  clock_.advance(1);
  EXPECT_EQ(second->keep_lease().value(), 1u);
  EXPECT_EQ(second->keep_lease().value(), 0u);
  const Execution ended = second->find(kNs, ExecutionId("of_a")).value().value();
  EXPECT_EQ(ended.summary.status, status::kFailed);
  EXPECT_EQ(ended.error, kInterrupted);
  EXPECT_EQ(running(*second), (std::map<std::string, bool>{{"of_b", true}}));
  // It lives after all: what it says now comes too late, and what it begins is its own.
  EXPECT_FALSE(test::put(*first, test::finished(make_execution(kNs, "of_a", 1))));
  EXPECT_TRUE(test::put(*first, test::started(make_execution(kNs, "new", 3))));
  EXPECT_EQ(second->keep_lease().value(), 0u);
  EXPECT_EQ(running(*first), (std::map<std::string, bool>{{"new", true}, {"of_b", false}}));
}

TEST_P(LedgerLeases, AStartEndsWhatTheServerLeftBefore) {
  const auto other = open("b");
  ASSERT_TRUE(other->recover());
  test::put(*other, test::started(make_execution(kNs, "of_b", 1)));
  {
    const auto first = open("a");
    ASSERT_TRUE(first->recover());
    test::put(*first, test::started(make_execution(kNs, "of_a", 2)));
  }
  const auto again = open("a");
  EXPECT_EQ(again->recover().value(), 1u);
  EXPECT_EQ(status_of(*again, "of_a"), status::kFailed);
  EXPECT_EQ(running(*again), (std::map<std::string, bool>{{"of_b", false}}));
}

TEST_P(LedgerLeases, WhoFollowsHearsOfAllServers) {
  const auto first = open("a");
  const auto second = open("b");
  ASSERT_TRUE(first->recover());
  ASSERT_TRUE(second->recover());
  FollowRequest wanted;
  wanted.filter = test::filter_of(kNs);
  wanted.clock = &clock_;
  wanted.look_every = std::chrono::milliseconds(1);
  const auto following = second->follow(wanted).value();
  const auto next = [&] {
    std::vector<FollowEvent> events;
    for (int tries = 0; events.empty() && tries < 1'000; ++tries) {
      events = following->next(std::chrono::milliseconds(20)).value().events;
    }
    EXPECT_EQ(events.size(), 1u);
    return events.empty() ? ExecutionSummary() : events.front().summary;
  };
  test::put(*first, test::started(make_execution(kNs, "of_a", clock_.now())));
  EXPECT_EQ(next().status, status::kProcessing);
  test::put(*second, test::finished(make_execution(kNs, "of_b", clock_.now())));
  EXPECT_EQ(next().execution_id.str(), "of_b");
  clock_.advance(kLeaseUs);
  EXPECT_EQ(second->keep_lease().value(), 1u);
  const ExecutionSummary ended = next();
  EXPECT_EQ(ended.execution_id.str(), "of_a");
  EXPECT_EQ(ended.status, status::kFailed);
}

// Goal: no order of events ends what a living server runs, or leaves what a dead one ran.
// Method: random events, beside a model of who runs what and until when it is believed.
TEST_P(LedgerLeases, RandomLivesAgreeWithTheModel) {
  const int seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  const std::string names[] = {"a", "b", "c"};
  std::map<std::string, std::unique_ptr<Ledger>> servers;
  std::map<std::string, TimeUs> lease_ends;
  std::map<std::string, std::string> runs;  // Id to server.
  const auto take_ended = [&](const auto& is_dead) {
    return std::erase_if(runs, [&](const auto& run) { return is_dead(run.second); });
  };
  int made = 0;
  for (int step = 0; step < 600; ++step) {
    const std::string& name = names[random() % 3];
    auto& server = servers[name];
    const auto expired = [&](const std::string& other) {
      return other != name && lease_ends[other] <= clock_.now();
    };
    if (server == nullptr) {
      server = open(name);
      lease_ends[name] = clock_.now() + kLeaseUs;
      EXPECT_EQ(server->recover().value(), take_ended([&](const std::string& other) {
                  return other == name || expired(other);
                }));
      continue;
    }
    switch (random() % 8) {
      case 0:
        server.reset();  // It dies.
        break;
      case 1:
      case 2:
        lease_ends[name] = clock_.now() + kLeaseUs;
        EXPECT_EQ(server->keep_lease().value(), take_ended(expired));
        break;
      case 3:
        clock_.advance(static_cast<TimeUs>(random() % static_cast<unsigned>(kLeaseUs)));
        break;
      case 4: {
        if (runs.empty()) break;
        const auto run =
            std::next(runs.begin(), static_cast<std::ptrdiff_t>(random() % runs.size()));
        if (run->second != name) break;
        lease_ends[name] = clock_.now() + kLeaseUs;
        EXPECT_TRUE(test::put(*server, test::finished(make_execution(kNs, run->first, 1))));
        runs.erase(run);
        break;
      }
      default: {
        const std::string id = "e" + std::to_string(made++);
        lease_ends[name] = clock_.now() + kLeaseUs;
        EXPECT_TRUE(test::put(*server, test::started(make_execution(kNs, id, 1))));
        runs[id] = name;
      }
    }
    if (server == nullptr) continue;
    std::map<std::string, bool> expected;
    for (const auto& [id, owner] : runs) expected[id] = owner == name;
    ASSERT_EQ(running(*server), expected) << step;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Backends, LedgerLeases,
    testing::Values(
        SharedBackend{"memory",
                      [] {
                        return [history = std::make_shared<MemoryHistory>()](
                                   const MemoryLease& lease) -> std::unique_ptr<Ledger> {
                          return std::make_unique<MemoryLedger>(history, lease);
                        };
                      }},
        SharedBackend{"poor",
                      [] {
                        return [history = test::PoorHistory()](
                                   const MemoryLease& lease) -> std::unique_ptr<Ledger> {
                          return std::make_unique<test::PoorLedger>(history, lease);
                        };
                      }}),
    [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace trawl::ledger_leases_test
