#include "pipeline/pipeline_run.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "base/work_limit.h"
#include "corpus/fake_corpus_test_support.h"

namespace trawl::pipeline_run_test {
namespace {

// How many began a stage, and how many of these computed; of runs at the same time.
std::atomic<int> begun_count = 0;
std::atomic<int> computed_count = 0;

// Until so many have begun, and a moment longer, so that they wait where they do.
void wait_for_begun(int count) {
  while (begun_count < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

// One document. `do`: nothing; count (steps without end); deaf (300 milliseconds in
// which it asks nobody); wide (an error that a work limit carries); with five (waits until
// that many have begun); with two, or stopped (the first one ends by its stop token).
class Busy final : public Stage {
 public:
  explicit Busy(std::string what) : what_(std::move(what)) {}
  StageTraits traits() const override { return {}; }
  FieldSet fields_read() const override { return {}; }
  Result<Loss> explain_loss(const LostDocument&, StageRun&) const override {
    return Loss();
  }
  Result<StageOutput> run(CandidateList, StageRun&) const override {
    while (what_ == "count") count_work();
    if (what_ == "deaf") {
      const std::int64_t end = monotonic_us() + 300'000;
      while (monotonic_us() < end) continue;
    }
    if (what_ == "with five") {
      ++computed_count;
      wait_for_begun(5);
    }
    if (what_ == "with two, or stopped" && ++computed_count == 1) {
      wait_for_begun(2);
      while (true) count_work();
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
  Pipeline pipeline_of(const std::vector<std::string>& what, std::string_view budget,
                       bool skip = false) {
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
    return parse_pipeline(in, registry_).value();
  }

  void run(const std::vector<std::string>& what, std::string_view budget,
           std::int64_t ceiling_ms = 0, bool skip = false) {
    RunOptions options;
    options.time_ms_max = ceiling_ms;
    const PipelineRunner runner(corpus_, corpus_, cache_, options);
    BoundPipeline bound =
        runner.bind(pipeline_of(what, budget, skip), {}, NamespaceId("ns")).value();
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

  // Runs of that one stage at the same time, of which the first may be stopped when the
  // others wait. Their executions, in no order but for that.
  std::vector<Execution> run_at_once(const std::string& what, std::size_t count,
                                     bool use_cache, bool stop_first = false) {
    begun_count = computed_count = 0;
    class Begun final : public RunEvents {
      void stage_started(std::string_view) override { ++begun_count; }
    };
    const PipelineRunner runner(corpus_, corpus_, cache_, {});
    StopSource stop;
    std::vector<std::future<Execution>> runs;
    for (std::size_t i = 0; i < count; ++i) {
      runs.push_back(std::async(std::launch::async, [&, i] {
        BoundPipeline bound =
            runner.bind(pipeline_of({what}, "{}"), {}, NamespaceId("ns")).value();
        bound.use_cache = use_cache;
        Begun begun;
        RunRequest request;
        request.events = &begun;
        if (i == 0) request.stop = stop.token();
        Execution execution;
        runner.describe(bound, execution);
        (void)runner.run(bound, execution, request);
        return execution;
      }));
      while (i == 0 && computed_count == 0) std::this_thread::yield();
    }
    if (stop_first) {
      wait_for_begun(static_cast<int>(count));
      stop.request_stop(StopReason::client_left);
    }
    std::vector<Execution> executions;
    for (auto& each : runs) executions.push_back(each.get());
    return executions;
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

TEST_F(PipelineRunTest, OfEqualRunsAtTheSameTimeOneComputes) {
  const auto executions = run_at_once("with five", 5, true);
  EXPECT_EQ(computed_count, 1);
  int hits = 0;
  for (const Execution& execution : executions) {
    EXPECT_EQ(execution.summary.status, status::kCompleted);
    EXPECT_EQ(execution.summary.total_returned, 1);
    hits += execution.stages.front().cache_hit ? 1 : 0;
  }
  EXPECT_EQ(hits, 4);
  EXPECT_EQ(cache_.metrics().hits, 4u);
  EXPECT_EQ(cache_.metrics().misses, 1u);
}

TEST_F(PipelineRunTest, WithoutTheCacheEachComputesForItself) {
  for (const Execution& execution : run_at_once("with five", 5, false)) {
    EXPECT_EQ(execution.summary.status, status::kCompleted);
    EXPECT_FALSE(execution.stages.front().cache_hit);
  }
  EXPECT_EQ(computed_count, 5);
}

TEST_F(PipelineRunTest, AStoppedRunEndsNoOther) {
  const auto executions = run_at_once("with two, or stopped", 2, true, true);
  EXPECT_EQ(executions[0].summary.status, status::kCancelled);
  EXPECT_EQ(executions[1].summary.status, status::kCompleted);
  EXPECT_EQ(computed_count, 2);
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
