#include "ledger/retention/pruner.h"

#include <gtest/gtest.h>

#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"

namespace trawl::pruner_test {
namespace {

using test::filter_of;
using test::finished;
using test::make_execution;
using test::put;
using test::started;
using test::total_of;

const NamespaceId kNs("ns_a");
constexpr TimeUs kNow = 1'000 * kMicrosPerDay;
constexpr PrunerOptions kSmallSteps{7, std::chrono::milliseconds(0)};

// One execution a day, the newest now; every third failed. One more is running.
void fill(Ledger& ledger, int count) {
  for (int i = 0; i < count; ++i) {
    put(ledger,
        finished(make_execution(kNs, "e" + std::to_string(i), kNow - i * kMicrosPerDay,
                                i % 3 == 0 ? status::kFailed : status::kCompleted)));
  }
  put(ledger, started(make_execution(kNs, "running", 1)));
}

TEST(Pruner, TakesInStepsWhatThePreviewSays) {
  MemoryLedger ledger;
  fill(ledger, 60);
  Pruner pruner(ledger, kSmallSteps);
  EXPECT_FALSE(pruner.last_run(kNs));
  RetentionPolicy policy;
  policy.max_age_us = 10 * kMicrosPerDay;
  policy.status_max_age_us["failed"] = 30 * kMicrosPerDay;
  policy.max_count = 15;
  const PruneReport preview = ledger.preview_prune(kNs, policy, kNow).value();
  const Pruner::Run run = pruner.prune(kNs, policy, kNow, nullptr);
  EXPECT_FALSE(run.error);
  EXPECT_FALSE(run.report.more);
  EXPECT_EQ(run.report.by_age, preview.by_age);
  EXPECT_EQ(run.report.by_count, preview.by_count);
  EXPECT_EQ(run.report.oldest, preview.oldest);
  EXPECT_EQ(run.report.newest, preview.newest);
  EXPECT_EQ(total_of(ledger, filter_of(kNs)), 61 - preview.total());
  EXPECT_TRUE(ledger.find(kNs, ExecutionId("running")).value());
  EXPECT_EQ(ledger.preview_prune(kNs, policy, kNow).value().total(), 0u);
  EXPECT_EQ(pruner.last_run(kNs)->report.total(), preview.total());
  EXPECT_EQ(pruner.last_run(kNs)->started_at, kNow);
}

TEST(Pruner, StopsBetweenSteps) {
  MemoryLedger ledger;
  fill(ledger, 60);
  Pruner pruner(ledger, kSmallSteps);
  RetentionPolicy policy;
  policy.max_count = 1;
  int asked = 0;
  const auto third = [&asked] { return ++asked == 3; };
  const Pruner::Run run = pruner.prune(kNs, policy, kNow, third);
  EXPECT_TRUE(run.report.more);
  EXPECT_EQ(run.report.total(), 21u);
  asked = 0;
  const auto removal = pruner.remove(filter_of(kNs), third).value();
  EXPECT_TRUE(removal.more);
  EXPECT_EQ(removal.count, 21u);
  EXPECT_EQ(total_of(ledger, filter_of(kNs)), 61u - 42u);
}

TEST(Pruner, AnEmptyPolicyTakesNothing) {
  MemoryLedger ledger;
  fill(ledger, 10);
  Pruner pruner(ledger);
  EXPECT_EQ(pruner.prune(kNs, {}, kNow, nullptr).report.total(), 0u);
  EXPECT_EQ(total_of(ledger, filter_of(kNs)), 11u);
}

TEST(Pruner, RemovesByFilterWhatHasEnded) {
  MemoryLedger ledger;
  fill(ledger, 30);
  Pruner pruner(ledger, kSmallSteps);
  ExecutionFilter failed = filter_of(kNs);
  failed.status = "failed";
  const auto removal = pruner.remove(failed, nullptr).value();
  EXPECT_EQ(removal.count, 10u);
  EXPECT_FALSE(removal.more);
  EXPECT_EQ(pruner.remove(filter_of(kNs), nullptr).value().count, 20u);
  EXPECT_EQ(total_of(ledger, filter_of(kNs)), 1u);
}

}  // namespace
}  // namespace trawl::pruner_test
