// Goal: a list that a record cut short is made whole again by running it, or it is said why
// not.
// Method: random runs whose records are cut short here; what comes back must be what was
// cut off.
#include "insight/whole_lists.h"

#include <gtest/gtest.h>

#include "insight/diff.h"
#include "insight/diff_times.h"
#include "insight/insight_test_support.h"

namespace trawl::whole_lists_test {
namespace {

class WholeListsTest : public test::InsightTest {
 protected:
  WholeLists whole(const Execution& execution) {
    auto out = with_whole_lists(execution, replayer_, runner_, {});
    EXPECT_TRUE(out) << out.error().message;
    return out ? std::move(*out) : WholeLists();
  }

  Execution cut_short(Execution execution) {
    for (StageRecord& stage : execution.stages) {
      const std::size_t kept = pick(4);
      if (stage.candidates.size() <= kept) continue;
      stage.candidates.resize(kept);
      stage.candidates_truncated = true;
    }
    execution.results.resize(std::min<std::size_t>(execution.results.size(), 2));
    return execution;
  }
};

TEST_F(WholeListsTest, WhatWasCutOffComesBack) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int i = 0; i < 15; ++i) write_some();
  int replayed = 0;
  for (int i = 0; i < 100; ++i) {
    write_some();
    const Execution execution = run(a_pipeline(), some_inputs());
    if (execution.summary.status != status::kCompleted) continue;
    write_some();
    const WholeLists out = whole(cut_short(execution));
    SCOPED_TRACE(execution.pipeline);
    EXPECT_EQ(out.problem, "");
    replayed += out.replayed ? 1 : 0;
    for (std::size_t s = 0; s < execution.stages.size(); ++s) {
      EXPECT_EQ(out.execution.stages[s].candidates, execution.stages[s].candidates) << s;
      EXPECT_EQ(out.execution.stages[s].duration_us, execution.stages[s].duration_us);
    }
    EXPECT_EQ(out.execution.results, execution.results);
    const ExecutionDiff diff = diff_executions(out.execution, execution);
    EXPECT_TRUE(diff.unknown.empty());
    EXPECT_FALSE(diff.diverges);
    if (HasFailure()) return;
  }
  EXPECT_GT(replayed, 50);
}

TEST_F(WholeListsTest, SaysWhyARunDidNotHelp) {
  for (int i = 0; i < 10; ++i) write_some();
  const Execution execution =
      run(parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_id": "attribute_filter", "parameters": {"field": "year", "operator": "lt",
       "value": 4}}]})")
              .value(),
          {});
  ASSERT_GT(execution.results.size(), 4u);
  EXPECT_FALSE(whole(execution).replayed);  // There is nothing to run it for.
  Execution other = execution;
  other.stages[0].candidates.resize(3);
  other.stages[0].candidates_truncated = true;
  EXPECT_TRUE(whole(other).replayed);
  other.stages[0].candidates[1].document_id = "nobody";
  WholeLists out = whole(other);
  EXPECT_FALSE(out.replayed);
  EXPECT_NE(out.problem.find("was run again and went another way"), std::string::npos)
      << out.problem;
  EXPECT_EQ(out.execution.stages[0].candidates.size(), 3u);
  other = execution;
  other.results.clear();
  other.inputs = "{}";
  other.pipeline.clear();
  out = whole(other);
  EXPECT_FALSE(out.replayed);
  EXPECT_NE(out.problem.find("cannot be run again"), std::string::npos) << out.problem;
}

TEST(DiffTimes, StandAgainstEachOtherAndTheirShapes) {
  Autopsy first;
  first.duration_ms = {12, 5.0, 9.0};
  Autopsy second;
  second.duration_ms = {5.2, std::nullopt, std::nullopt};
  EXPECT_EQ(compare_times(first, second),
            "The first took 12 ms and the second 5.2 ms: the first is slower than is usual "
            "for its shape, of which half take at most 5 ms and 99 of 100 at most 9 ms; of "
            "the shape of the second there are too few others to say what is usual.");
  first.duration_ms.p50.reset();
  first.duration_ms.value = 1140;
  EXPECT_EQ(
      compare_times(first, second),
      "The first took 1140 ms and the second 5.2 ms; of their shapes there are too few "
      "others to say what is usual.");
}

}  // namespace
}  // namespace trawl::whole_lists_test
