#include "insight/diff.h"

#include <gtest/gtest.h>

namespace trawl {
namespace {

std::vector<ScoredId> ids(std::string_view text) {
  std::vector<ScoredId> out;
  for (const char c : text) {
    out.push_back({"col", std::string(1, c), 10.0 - static_cast<double>(out.size())});
  }
  return out;
}

StageRecord stage(std::string name, std::string id, std::string_view candidates) {
  StageRecord out;
  out.stage_name = std::move(name);
  out.stage_id = std::move(id);
  out.candidates = ids(candidates);
  out.output_count = static_cast<std::int64_t>(candidates.size());
  return out;
}

Execution execution(std::vector<StageRecord> stages) {
  Execution out;
  out.summary.status = status::kCompleted;
  out.pipeline = R"({"stages":[]})";
  out.fingerprint = "f";
  out.inputs = "{}";
  if (!stages.empty()) out.results = stages.back().candidates;
  out.summary.total_returned = static_cast<std::int64_t>(out.results.size());
  out.stages = std::move(stages);
  return out;
}

TEST(Diff, EqualExecutionsDoNotDiffer) {
  const Execution one = execution({stage("a", "search", "xyz"), stage("b", "limit", "xy")});
  const ExecutionDiff diff = diff_executions(one, one);
  EXPECT_FALSE(diff.diverges);
  EXPECT_FALSE(diff.cause);
  EXPECT_TRUE(diff.results.same());
  EXPECT_EQ(diff.sentence,
            "The two gave the same documents in the same order at every stage.");
}

TEST(Diff, NamesTheFirstStageThatDiffersAndWhatMoved) {
  Execution before = execution({stage("a", "search", "vwxyz"), stage("b", "limit", "vwx")});
  Execution after = execution({stage("a", "search", "vwxyz"), stage("b", "limit", "xvq")});
  after.fingerprint = "g";
  after.pipeline = R"({"stages":[{"x/y":1}]})";
  const ExecutionDiff diff = diff_executions(before, after);
  ASSERT_EQ(diff.diverges, 1u);
  const ListDiff& list = diff.stages[1].candidates;
  ASSERT_EQ(list.entered.size(), 1u);
  EXPECT_EQ(list.entered[0].document_id, "q");
  EXPECT_EQ(list.entered[0].rank_after, 3u);
  ASSERT_EQ(list.left.size(), 1u);
  EXPECT_EQ(list.left[0].document_id, "w");
  EXPECT_EQ(list.left[0].score_before, 9.0);
  ASSERT_EQ(list.moved.size(), 2u);
  EXPECT_EQ(list.moved[0].document_id, "x");  // From 3 to 1, the farthest.
  EXPECT_EQ(list.moved[0].rank_before, 3u);
  EXPECT_EQ(list.moved[0].rank_after, 1u);
  EXPECT_EQ(list.kendall_tau, -1);
  EXPECT_DOUBLE_EQ(list.overlap_at_10, 2.0 / 3.0);
  EXPECT_FALSE(list.cut_short);
  EXPECT_EQ(diff.cause->cause, "parameters");
  ASSERT_EQ(diff.pipeline.size(), 1u);
  EXPECT_EQ(diff.pipeline[0].path, "/stages/0");
  EXPECT_TRUE(diff.pipeline[0].has_after);
  EXPECT_FALSE(diff.pipeline[0].has_before);
  EXPECT_EQ(
      diff.sentence,
      "They part at the stage 'b': 1 document entered, 1 left, 2 moved; the pipelines "
      "differ. Of the results, 1 document entered, 1 left, 2 moved.");
}

TEST(Diff, StagesAreAlignedByNameKindAndPlace) {
  const Execution before =
      execution({stage("find", "search", "xyz"), stage("few", "limit", "x")});
  const Execution after =
      execution({stage("find", "search", "xyz"), stage("sorted", "sort", "xyz"),
                 stage("first", "limit", "x")});
  const ExecutionDiff diff = diff_executions(before, after);
  ASSERT_EQ(diff.stages.size(), 3u);
  EXPECT_EQ(diff.stages[1].before, std::nullopt);
  EXPECT_EQ(diff.stages[1].after, 1u);
  EXPECT_EQ(diff.stages[2].before, 1u);
  EXPECT_EQ(diff.stages[2].after, 2u);
  EXPECT_EQ(diff.diverges, 1u);
  // Of two that fit, the one of the same name.
  const Execution twice = execution({stage("a", "limit", "x"), stage("b", "limit", "x")});
  const ExecutionDiff second =
      diff_executions(execution({stage("b", "limit", "x")}), twice);
  ASSERT_EQ(second.stages.size(), 2u);
  EXPECT_EQ(second.stages[0].before, std::nullopt);
  EXPECT_EQ(second.stages[1].before, 0u);
}

TEST(Diff, AStageThatOneHasNotMovesNoOtherOfThePipeline) {
  Execution before = execution({stage("a", "search", "x")});
  Execution after = before;
  before.pipeline = R"({"budget_limits": {"max_credits": 1}, "stages": [
      {"stage_name": "find", "config": {"stage_id": "search", "parameters": {"k": 1}}},
      {"stage_name": "old", "config": {"stage_id": "filter"}},
      {"stage_name": "few", "config": {"stage_id": "limit", "parameters": {"limit": 3}}}]})";
  after.pipeline = R"({"stages": [
      {"stage_name": "find", "config": {"stage_id": "search", "parameters": {"k": 1}}},
      {"stage_name": "few", "config": {"stage_id": "limit", "parameters": {"limit": 4}}},
      {"stage_name": "sorted", "config": {"stage_id": "sort"}}]})";
  after.fingerprint = "g";
  const std::vector<JsonChange> changes = diff_executions(before, after).pipeline;
  std::vector<std::string> paths;
  for (const JsonChange& change : changes) paths.push_back(change.path);
  EXPECT_EQ(paths,
            (std::vector<std::string>{"/budget_limits", "/stages/1",
                                      "/stages/2/config/parameters/limit", "/stages/2"}));
  EXPECT_TRUE(changes[1].has_before && !changes[1].has_after);
  EXPECT_EQ(changes[2].after, 4);
  EXPECT_TRUE(!changes[3].has_before && changes[3].has_after);
}

TEST(Diff, SaysWhatItCannotKnow) {
  Execution before = execution({stage("a", "search", "vwx")});
  before.stages[0].output_count = 5'000;
  const ExecutionDiff diff = diff_executions(before, before);
  EXPECT_TRUE(diff.stages[0].candidates.cut_short);
  EXPECT_EQ(
      diff.sentence,
      "As far as they were recorded, the two gave the same documents in the same order "
      "at every stage.");
  EXPECT_EQ(diff.unknown,
            (std::vector<std::string>{
                "At the stage 'a', 3 of 5000 documents were recorded of the first and 3 of "
                "5000 of the second, so it is not known what is behind them."}));
  // What is not in the first may stand behind what was recorded of it.
  Execution longer = execution({stage("a", "search", "vwy"), stage("b", "limit", "v")});
  longer.stages[0].output_count = 5'000;
  const ExecutionDiff parted = diff_executions(
      execution({stage("a", "search", "vwx"), stage("b", "limit", "v")}), longer);
  EXPECT_EQ(
      parted.stages[0].candidates.unknown,
      "3 of 3 documents were recorded of the first and 3 of 5000 of the second, so it "
      "is not known whether the one that left is in the second still, or what is "
      "behind them");
  Execution first = longer;
  Execution second = longer;
  second.stages[1] = stage("b", "limit", "w");
  second.results = second.stages[1].candidates;
  const ExecutionDiff later = diff_executions(first, second);
  EXPECT_EQ(later.diverges, 1u);
  EXPECT_NE(later.sentence.find("but perhaps sooner, at 'a', behind what was recorded"),
            std::string::npos)
      << later.sentence;
  Execution bare = before;
  bare.pipeline.clear();
  bare.inputs.reset();
  const ExecutionDiff unknown = diff_executions(before, bare);
  EXPECT_FALSE(unknown.pipelines_known);
  EXPECT_FALSE(unknown.inputs_known);
}

TEST(Diff, RowsAreToldApartByWhatTheyHold) {
  const auto rows = [](std::initializer_list<int> numbers) {
    Execution out = execution({stage("a", "aggregate", "")});
    for (const int n : numbers) {
      ScoredId& row = out.stages[0].candidates.emplace_back();
      row.written = json::object{{"n", n}};
    }
    out.stages[0].output_count = static_cast<std::int64_t>(numbers.size());
    return out;
  };
  EXPECT_FALSE(diff_executions(rows({1, 1, 2}), rows({1, 1, 2})).diverges);
  const ListDiff list = diff_executions(rows({1, 1}), rows({1, 2})).stages[0].candidates;
  EXPECT_EQ(list.entered_count, 1u);
  EXPECT_EQ(list.left_count, 1u);
}

TEST(Comparison, CausesComeFromTheRecords) {
  Execution before = execution({stage("a", "sample", "vwx")});
  before.stages[0].seed = 1;
  before.collection_versions = {{"col", 3}};
  Execution after = before;
  EXPECT_EQ(cause_of_difference(before, after).cause, "program");
  after.stages[0].seed = 2;
  EXPECT_EQ(cause_of_difference(before, after).cause, "seed");
  ExternalCall call;
  call.provider = "p";
  call.request_sha256 = "q";
  call.answer_sha256 = "1";
  after.stages[0].external_calls.push_back(call);
  call.answer_sha256 = "2";
  before.stages[0].external_calls.push_back(call);
  EXPECT_EQ(cause_of_difference(before, after).cause, "answers");
  after.collection_versions = {{"col", 4}};
  EXPECT_EQ(cause_of_difference(before, after).cause, "documents");
  after.inputs_hash = "other";
  EXPECT_EQ(cause_of_difference(before, after).cause, "inputs");
  after.fingerprint = "other";
  EXPECT_EQ(cause_of_difference(before, after).cause, "parameters");
}

TEST(Comparison, FindsTheFirstDifference) {
  const Execution before =
      execution({stage("a", "search", "vwx"), stage("b", "limit", "v")});
  EXPECT_FALSE(first_difference(before, before));
  Execution after = before;
  after.stages[0].candidates[1].score = 0.5;
  auto found = first_difference(before, after);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->stage_name, "a");
  EXPECT_EQ(found->what, "score");
  EXPECT_EQ(found->rank, 2u);
  EXPECT_EQ(found->sentence, "'w' at rank 2 had the score 9, and now it has 0.5");
  after = before;
  after.stages[1].candidates[0].content_hash = 7;
  EXPECT_EQ(first_difference(before, after)->what, "content");
  after = before;
  after.stages[1].output_count = 2;
  EXPECT_EQ(first_difference(before, after)->what, "count");
  after = before;
  after.results.clear();
  after.summary.total_returned = 0;
  found = first_difference(before, after);
  EXPECT_EQ(found->stage_name, "");
  EXPECT_EQ(found->what, "count");
  // Where a request says something is no part of what went wrong.
  Execution failed = before;
  failed.stages[1].error = "stages[1].config.parameters.n is 0; use 1";
  Execution other = before;
  other.stages[1].error = "stages[1].n is 0; use 1";
  EXPECT_FALSE(first_difference(failed, other));
  other.stages[1].error = "it is closed";
  EXPECT_EQ(first_difference(failed, other)->what, "error");
}

}  // namespace
}  // namespace trawl
