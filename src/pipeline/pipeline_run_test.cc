#include "pipeline/pipeline_run.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/work_limit.h"
#include "corpus/fake_corpus_test_support.h"

namespace trawl::pipeline_run_test {
namespace {

// One document. `do`: nothing; count (steps without end); deaf (300 milliseconds in
// which it asks nobody); wide (an error that a work limit carries).
class Busy final : public Stage {
 public:
  explicit Busy(std::string what) : what_(std::move(what)) {}
  StageTraits traits() const override { return {}; }
  FieldSet fields_read() const override { return {}; }
  Result<StageOutput> run(CandidateList, StageRun&) const override {
    while (what_ == "count") count_work();
    if (what_ == "deaf") {
      const std::int64_t end = monotonic_us() + 300'000;
      while (monotonic_us() < end) continue;
    }
    if (what_ == "wide") throw WorkStopped(make_error(ErrorCode::invalid, "too long"));
    StageOutput output;
    output.candidates.add_row({{"n", 1}});
    return output;
  }

 private:
  std::string what_;
};

Result<std::unique_ptr<Stage>> make_busy(ObjectReader& in) {
  std::string what = in.string({"do"});
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::make_unique<Busy>(std::move(what)));
}

class PipelineRunTest : public testing::Test {
 protected:
  PipelineRunTest() {
    StageDefinition busy;
    busy.stage_id = "busy";
    busy.category = "reduce";
    busy.parameter_schema = "{}";
    busy.make = make_busy;
    registry_.add(busy);
  }

  // Stages that do these, named s, s_2 and so on.
  void run(const std::vector<std::string>& what, std::string_view budget,
           std::int64_t ceiling_ms = 0, bool skip = false) {
    json::array stages;
    for (const auto& each : what) {
      json::object stage{
          {"stage_name", "s"},
          {"config",
           json::object{{"stage_id", "busy"},
                        {"parameters", json::object{{"do", json::value(each)}}}}}};
      if (skip) stage["on_error"] = "skip";
      stages.push_back(std::move(stage));
    }
    const json::object body{{"stages", std::move(stages)},
                            {"budget_limits", parse_json(budget).value()}};
    ObjectReader in(body, {});
    Pipeline pipeline = parse_pipeline(in, registry_).value();
    RunOptions options;
    options.time_ms_max = ceiling_ms;
    const PipelineRunner runner(corpus_, corpus_, cache_, options);
    BoundPipeline bound = runner.bind(std::move(pipeline), {}, NamespaceId("ns")).value();
    bound.begun_us = begun_us_;
    execution_ = {};
    runner.describe(bound, execution_);
    result_ = runner.run(bound, execution_, request_);
  }

  void expect_out_of_time(std::string_view stage, std::int64_t completed) {
    EXPECT_EQ(execution_.summary.status, status::kFailed);
    EXPECT_EQ(execution_.failed_stage, stage);
    ASSERT_TRUE(execution_.error);
    EXPECT_NE(execution_.error->find("budget exhausted"), std::string::npos);
    EXPECT_EQ(execution_.summary.stages_completed, completed);
    ASSERT_EQ(execution_.stages.size(), static_cast<std::size_t>(completed) + 1);
    EXPECT_EQ(execution_.stages.back().error, execution_.error);
    EXPECT_TRUE(result_.documents.empty());
    EXPECT_TRUE(execution_.results.empty());
    EXPECT_TRUE(result_.skipped.empty());
  }

  test::FakeCorpus corpus_;
  StageCache cache_{1 << 20};
  StageRegistry registry_;
  RunRequest request_;
  std::int64_t begun_us_ = 0;
  Execution execution_;
  RunResult result_;
};

TEST_F(PipelineRunTest, AStageThatCountsItsWorkIsEnded) {
  // Long enough for the first stage, on a machine that is busy.
  run({"", "count"}, R"({"max_time_ms": 200})");
  expect_out_of_time("s_2", 1);
  EXPECT_NE(execution_.error->find("max_time_ms"), std::string::npos);
  // Generous: a step takes nanoseconds, and the limit is looked at each 65,536.
  EXPECT_LT(execution_.summary.duration_ms, 20 * 200);
}

TEST_F(PipelineRunTest, WhatPassedItsLimitIsNeverCompleted) {
  run({"deaf"}, R"({"max_time_ms": 5})");
  expect_out_of_time("s", 0);
  EXPECT_GE(execution_.summary.duration_ms, 5);
  // What the stage did is in the record all the same.
  EXPECT_EQ(execution_.stages.back().output_count, 1);
  run({"", "deaf"}, R"({"max_time_ms": 200})");
  expect_out_of_time("s_2", 1);
}

TEST_F(PipelineRunTest, TheTimeOfTheRequestBeforeTheRunCounts) {
  begun_us_ = monotonic_us() - 6'000;
  run({""}, R"({"max_time_ms": 5})");
  expect_out_of_time("s", 0);
}

TEST_F(PipelineRunTest, AKnownResultTakesNoTime) {
  run({"deaf"}, R"({"max_time_ms": 5})");
  run({"deaf"}, R"({"max_time_ms": 5000})");
  EXPECT_EQ(execution_.summary.status, status::kCompleted);
  EXPECT_TRUE(execution_.stages.front().cache_hit);
}

TEST_F(PipelineRunTest, AStageThatRanOutOfTimeIsNotSkipped) {
  run({"count", ""}, R"({"max_time_ms": 5})", 0, true);
  expect_out_of_time("s", 0);
}

TEST_F(PipelineRunTest, TheServerEndsWhatNamesNoLimitOrALongerOne) {
  run({"count"}, "{}", 5);
  expect_out_of_time("s", 0);
  EXPECT_NE(execution_.error->find("limits.request_ms_max"), std::string::npos);
  run({"count"}, R"({"max_time_ms": 100000})", 5);
  expect_out_of_time("s", 0);
}

TEST_F(PipelineRunTest, AClientThatLeftEndsAStage) {
  StopSource client;
  request_.stop = client.token();
  // Long enough for the stage to begin.
  std::thread leaves([&client] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    client.request_stop(StopReason::client_left);
  });
  run({"count"}, "{}");
  leaves.join();
  EXPECT_EQ(execution_.summary.status, status::kCancelled);
  EXPECT_EQ(execution_.error, "cancelled: the client closed the connection");
}

TEST_F(PipelineRunTest, AnErrorOfAWorkLimitIsThatOfTheStage) {
  run({"wide"}, "{}");
  EXPECT_EQ(execution_.summary.status, status::kFailed);
  EXPECT_EQ(execution_.error, "too long");
  run({"wide", ""}, "{}", 0, true);
  EXPECT_EQ(execution_.summary.status, status::kCompleted);
  EXPECT_EQ(result_.skipped.size(), 1u);
}

}  // namespace
}  // namespace trawl::pipeline_run_test
