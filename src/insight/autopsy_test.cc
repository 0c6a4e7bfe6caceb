#include "insight/autopsy.h"

#include <gtest/gtest.h>

#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"

namespace trawl {
namespace {

Execution run(double find_ms, std::int64_t found) {
  Execution out;
  for (const auto& [name, ms, count] :
       {std::tuple("find", find_ms, found), std::tuple("few", 0.1, std::int64_t{3})}) {
    StageRecord& stage = out.stages.emplace_back();
    stage.stage_name = name;
    stage.stage_id = name;
    stage.duration_us = static_cast<std::int64_t>(ms * 1000);
    stage.output_count = count;
  }
  return out;
}

std::vector<Execution> peers(int count) {
  std::vector<Execution> out;
  for (int i = 0; i < count; ++i) out.push_back(run(8 + i % 3, 100 + i % 5));
  return out;
}

TEST(Autopsy, NamesTheStageThatIsUnlikeItself) {
  const Autopsy usual = compare_with_peers(run(9, 102), peers(50));
  EXPECT_FALSE(usual.unlike);
  EXPECT_EQ(usual.sentence, "Every stage is as in 50 other runs of its shape.");
  EXPECT_EQ(usual.stages[0].duration_ms.p50, 9.0);
  EXPECT_EQ(usual.stages[0].duration_ms.p99, 10);
  EXPECT_EQ(usual.stages[0].output_count.p50, 102);

  const Autopsy slow = compare_with_peers(run(80, 102), peers(50));
  EXPECT_EQ(slow.unlike, 0u);
  EXPECT_EQ(
      slow.sentence,
      "Beside 50 runs of its shape, the stage 'find' is unlike itself: it took 80 ms, "
      "where 99 of 100 take at most 10 ms and half of them at most 9 ms.");
  const Autopsy empty = compare_with_peers(run(9, 0), peers(50));
  EXPECT_EQ(empty.unlike, 0u);
  EXPECT_NE(empty.sentence.find("0 documents, where 99 of 100 have at least 100"),
            std::string::npos)
      << empty.sentence;
  const Autopsy few = compare_with_peers(run(80, 0), peers(3));
  EXPECT_FALSE(few.unlike);
  EXPECT_EQ(
      few.sentence,
      "Only 3 other runs of this shape completed in the week before it, too few to say "
      "what is usual.");
  EXPECT_EQ(compare_with_peers(Execution(), {}).sentence,
            "No other run of this shape completed in the week before it.");
}

TEST(Autopsy, PeersAreOfItsShapeAndOfTheWeekBefore) {
  MemoryLedger ledger;
  const NamespaceId ns("ns_a");
  constexpr TimeUs kNow = TimeUs{1'700'000'000} * kMicrosPerSecond;
  constexpr TimeUs kDay = TimeUs{24} * 3'600 * kMicrosPerSecond;
  std::vector<LedgerWrite> writes;
  const auto add = [&](std::string id, TimeUs time, std::string shape,
                       std::string_view status) {
    LedgerWrite& write = writes.emplace_back();
    write.execution = test::make_execution(ns, std::move(id), time);
    write.execution.shape = std::move(shape);
    write.execution.summary.status = status;
  };
  add("this", kNow, "s", status::kFailed);
  add("peer", kNow - kDay, "s", status::kCompleted);
  add("later", kNow + 1, "s", status::kCompleted);
  add("old", kNow - 8 * kDay, "s", status::kCompleted);
  add("failed", kNow - kDay, "s", status::kFailed);
  add("other", kNow - kDay, "t", status::kCompleted);
  ASSERT_TRUE(ledger.append(writes));
  const auto found = find_peers(ledger, writes.front().execution).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].summary.execution_id.str(), "peer");
}

}  // namespace
}  // namespace trawl
