#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/ledger_contract_test_support.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/rendered.h"

namespace trawl::ledger_removal_test {
namespace {

using test::filter_of;
using test::finished;
using test::ids_of;
using test::imported;
using test::LedgerContract;
using test::make_execution;
using test::page_of;
using test::put;
using test::started;
using test::total_of;

TEST_P(LedgerContract, NamespacesDoNotLeak) {
  const auto mine = make_execution(kNs, "same", 1, status::kFailed);
  const auto theirs = make_execution(kOther, "same", 2, status::kCompleted);
  EXPECT_TRUE(put(ledger_, finished(mine)));
  EXPECT_TRUE(put(ledger_, finished(theirs)));
  EXPECT_TRUE(put(ledger_, finished(make_execution(kOther, "only", 3))));
  EXPECT_EQ(ids_of(list_json(ledger_, filter_of(kNs), page_of(9)).value()),
            (std::vector<std::string>{"same"}));
  EXPECT_EQ(total_of(ledger_, filter_of(kNs)), 1u);
  EXPECT_EQ(total_of(ledger_, filter_of(kOther)), 2u);
  EXPECT_EQ(ledger_.find(kNs, ExecutionId("same")).value(), mine);
  EXPECT_FALSE(ledger_.find(kNs, ExecutionId("only")).value());
  EXPECT_FALSE(ledger_.find(NamespaceId("ns_c"), ExecutionId("same")).value());

  ASSERT_TRUE(ledger_.remove_namespace(kOther));
  ASSERT_TRUE(ledger_.remove_namespace(NamespaceId("ns_never")));
  EXPECT_EQ(total_of(ledger_, filter_of(kOther)), 0u);
  EXPECT_FALSE(ledger_.find(kOther, ExecutionId("same")).value());
  EXPECT_EQ(total_of(ledger_, filter_of(kNs)), 1u);
  EXPECT_EQ(ledger_.namespaces().value(), (std::vector<NamespaceId>{kNs}));
}

// Goal: what ends after its namespace was deleted is refused, from wherever it comes, and
// nothing of another namespace goes with it.
TEST_P(LedgerContract, WritesToARemovedNamespaceAreRefused) {
  put(ledger_, started(make_execution(kOther, "runs", 1)));
  ASSERT_TRUE(ledger_.remove_namespace(kOther));
  for (LedgerWrite write : {finished(make_execution(kOther, "runs", 1)),
                            imported(make_execution(kOther, "comes", 2)),
                            started(make_execution(kOther, "starts", 3))}) {
    const std::string mine = "mine" + write.execution.summary.execution_id.str();
    std::vector<LedgerWrite> writes = {finished(make_execution(kNs, mine, 1)),
                                       std::move(write)};
    const auto outcomes = ledger_.append(writes).value();
    EXPECT_EQ(outcomes.front().value(), Appended::written);
    ASSERT_FALSE(outcomes.back());
    EXPECT_EQ(outcomes.back().error().code, ErrorCode::not_found);
    EXPECT_NE(outcomes.back().error().message.find("ns_b was deleted"), std::string::npos);
  }
  test::settle(ledger_);
  EXPECT_EQ(total_of(ledger_, filter_of(kNs)), 3u);
  EXPECT_EQ(total_of(ledger_, filter_of(kOther)), 0u);
  maintain();
  EXPECT_EQ(ledger_.recover().value(), 0u);
  EXPECT_EQ(ledger_.namespaces().value(), (std::vector<NamespaceId>{kNs}));
}

TEST_P(LedgerContract, PruningKeepsTheNewestAndWhatRuns) {
  for (int i = 0; i < 10; ++i) {
    auto execution = make_execution(kNs, "e" + std::to_string(i), i);
    put(ledger_, i < 2 ? started(std::move(execution)) : finished(std::move(execution)));
  }
  RetentionPolicy policy;
  policy.max_count = 6;
  const auto report = ledger_.prune(kNs, policy, 100, 1).value();
  EXPECT_EQ(report.total(), 1u);
  EXPECT_TRUE(report.more);
  EXPECT_EQ(ledger_.prune(kNs, policy, 100, 100).value().total(), 1u);
  // The six newest, and two that run though they are older.
  EXPECT_EQ(ids_of(list_json(ledger_, filter_of(kNs), page_of(20)).value()),
            (std::vector<std::string>{"e9", "e8", "e7", "e6", "e5", "e4", "e1", "e0"}));
  EXPECT_EQ(ledger_.prune(kNs, policy, 100, 100).value().total(), 0u);
}

void add_up(PruneReport& sum, const PruneReport& step) {
  sum.by_age += step.by_age;
  sum.by_count += step.by_count;
  if (!step.oldest) return;
  sum.oldest = std::min(sum.oldest.value_or(*step.oldest), *step.oldest);
  sum.newest = std::max(sum.newest.value_or(*step.newest), *step.newest);
}

void expect_alike(const PruneReport& got, const PruneReport& wanted) {
  EXPECT_EQ(got.by_age, wanted.by_age);
  EXPECT_EQ(got.by_count, wanted.by_count);
  EXPECT_EQ(got.oldest, wanted.oldest);
  EXPECT_EQ(got.newest, wanted.newest);
}

// Goal: a preview says exactly what goes, in steps of whatever size, and it is what goes
// from the reference.
TEST_P(LedgerContract, PruningTakesWhatItsPreviewSays) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  const std::string statuses[] = {"completed", "failed", "odd", "processing"};
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    const NamespaceId ns("ns_" + std::to_string(round));
    MemoryLedger reference;
    // Few timestamps, so that many are equal, and running ones anywhere among them.
    const std::uint64_t times = 1 + random() % 12;
    std::vector<LedgerWrite> writes;
    for (auto n = random() % 40; n > 0; --n) {
      writes.push_back({static_cast<LedgerWrite::Kind>(random() % 3),
                        make_execution(ns, "e" + std::to_string(random() % 1000),
                                       static_cast<TimeUs>(random() % times) * 1'000'000,
                                       statuses[random() % 4])});
    }
    ASSERT_EQ(test::append(ledger_, writes).value(),
              test::append(reference, writes).value());
    const TimeUs now = 20'000'000;
    const auto draw_age = [&] {
      return static_cast<TimeUs>(8 + random() % 13) * 1'000'000;
    };
    RetentionPolicy policy;
    if (random() % 2 == 0) policy.max_age_us = draw_age();
    if (random() % 2 == 0) policy.status_max_age_us["failed"] = draw_age();
    if (random() % 4 == 0) policy.status_max_age_us["odd"] = draw_age();
    if (random() % 4 != 0) policy.max_count = 1 + random() % 30;

    const auto running = ledger_.running(ns).value().size();
    const PruneReport preview = ledger_.preview_prune(ns, policy, now).value();
    expect_alike(preview, reference.preview_prune(ns, policy, now).value());
    for (Ledger* ledger : {&ledger_, static_cast<Ledger*>(&reference)}) {
      const auto limit = static_cast<std::uint32_t>(1 + random() % 20);
      PruneReport taken;
      for (PruneReport step{.more = true}; step.more;) {
        step = ledger->prune(ns, policy, now, limit).value();
        EXPECT_LE(step.total(), limit);
        add_up(taken, step);
      }
      expect_alike(taken, preview);
      EXPECT_EQ(ledger->preview_prune(ns, policy, now).value().total(), 0u);
    }
    EXPECT_EQ(list_json(ledger_, filter_of(ns), page_of(100)).value().rows,
              list_json(reference, filter_of(ns), page_of(100)).value().rows);
    EXPECT_EQ(ledger_.running(ns).value().size(), running);
    if (HasFailure()) return;
  }
}

// Goal: the first run of a policy takes no more than if it had been there from the start:
// what is too old is gone before anything is too many.
TEST_P(LedgerContract, WhatIsTooOldDoesNotCountAsTooMany) {
  for (int i = 0; i < 10; ++i) {
    put(ledger_,
        finished(make_execution(kNs, "e" + std::to_string(i), i,
                                i % 2 == 0 ? status::kFailed : status::kCompleted)));
  }
  RetentionPolicy policy;
  policy.status_max_age_us["completed"] = 10;
  policy.max_count = 4;
  EXPECT_EQ(ledger_.preview_prune(kNs, policy, 100).value().by_count, 1u);
  EXPECT_EQ(ledger_.prune(kNs, policy, 100, 100).value().total(), 6u);
  EXPECT_EQ(ids_of(list_json(ledger_, filter_of(kNs), page_of(20)).value()),
            (std::vector<std::string>{"e8", "e6", "e4", "e2"}));
}

}  // namespace
}  // namespace trawl::ledger_removal_test
