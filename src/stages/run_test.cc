// Goal: the runner and real stages together read what somebody reads, and no more; and give
// the same whether a result was remembered or not.
// Method: a collection that counts what is fetched of it.

#include <gtest/gtest.h>

#include "corpus/fake_corpus_test_support.h"
#include "pipeline/pipeline_run.h"
#include "stages/stage_test_support.h"

namespace trawl::run_test {
namespace {

using stage_test::parse;
using stage_test::registry;

class RunTest : public testing::Test {
 protected:
  RunTest() {
    for (int i = 0; i < 5'000; ++i) {
      books_.add("d" + std::to_string(i), R"({"title": "whale )" + std::to_string(i) +
                                              R"(", "year": )" + std::to_string(i % 100) +
                                              R"(, "body": "long"})");
    }
  }

  std::string run(std::string_view stages, RunRequest request = {}, bool use_cache = true) {
    const json::object body{{"collection_identifiers", json::array{"books"}},
                            {"stages", parse(stages)}};
    ObjectReader in(body, {});
    BoundPipeline bound =
        runner_
            .bind(parse_pipeline(in, registry()).value(), {{"year", 7}}, NamespaceId("ns"))
            .value();
    bound.use_cache = use_cache;
    execution_ = {};
    runner_.describe(bound, execution_);
    result_ = runner_.run(bound, execution_, request);
    std::string out;
    const std::size_t end = std::min(request.shown_count, result_.documents.size());
    for (std::size_t i = request.shown_begin; i < end; ++i) {
      out += to_json_text(result_.documents.to_json(i)) + "\n";
    }
    return out;
  }

  std::size_t fetched() const {
    return books_.fetched("all") + books_.fetched("some") + books_.fetched("ids");
  }

  test::FakeCorpus corpus_;
  test::FakeSnapshot& books_ = corpus_.add("books", {"title"});
  StageCache cache_{16 << 20};
  const PipelineRunner runner_{corpus_, corpus_, cache_, RunOptions()};
  Execution execution_;
  RunResult result_;
};

TEST_F(RunTest, AFilterWithALimitReadsNoDocumentThatNobodyReads) {
  run(R"([{"type": "attribute_filter", "field": "year", "operator": "lt", "value": 50},
          {"type": "limit", "limit": 10}])");
  EXPECT_EQ(execution_.summary.status, status::kCompleted) << *execution_.error;
  EXPECT_EQ(execution_.stages[0].output_count, 2'500);
  // Of the ten that are shown everything; of those that the record names their ids.
  EXPECT_EQ(books_.fetched("all"), 10u);
  EXPECT_EQ(books_.fetched("some"), 0u);
  EXPECT_EQ(books_.fetched("ids"), 1'000u);
  EXPECT_EQ(execution_.stages[0].candidates.size(), 1'000u);
  EXPECT_TRUE(execution_.stages[0].candidates_truncated);
}

TEST_F(RunTest, AStageIsGivenTheFieldsThatItReads) {
  run(R"([{"type": "attribute_filter", "field": "year", "operator": "lt", "value": 50},
          {"type": "sort_attribute", "sort_field": "title", "order": "asc"},
          {"type": "limit", "limit": 10}])");
  EXPECT_EQ(books_.fetched("some"), 2'500u);
  EXPECT_EQ(books_.fetched("all"), 10u);
  EXPECT_EQ(books_.fetched("ids"), 0u);  // They came with the titles.
  EXPECT_EQ(execution_.results[1].document_id, "d1");
  EXPECT_EQ(execution_.results[2].document_id, "d10");
}

TEST_F(RunTest, OfAPageOnlyItsDocumentsAreRead) {
  RunRequest request;
  request.shown_begin = 20;
  request.shown_count = 5;
  run(R"([{"type": "feature_search", "query": "whale", "final_top_k": 100}])", request);
  EXPECT_EQ(books_.fetched("all"), 5u);
  EXPECT_EQ(execution_.results.size(), 100u);
}

TEST_F(RunTest, WhatIsRememberedIsTheSameAndReadsNothing) {
  constexpr std::string_view kStages =
      R"([{"type": "feature_search", "query": "whale", "final_top_k": 100,
           "pre_filters": {"year": "{{INPUT.year}}"}},
          {"type": "sort_relevance", "normalize": true},
          {"type": "limit", "limit": 3}])";
  const std::string first = run(kStages);
  EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 3);
  const Execution before = execution_;
  const std::size_t fetched_before = fetched();
  EXPECT_EQ(run(kStages), first);
  EXPECT_EQ(execution_.summary.cache_hit_rate, 1.0);
  EXPECT_EQ(execution_.summary.credits_used, 0);
  EXPECT_EQ(fetched(), fetched_before);
  EXPECT_EQ(execution_.results, before.results);
  for (std::size_t i = 0; i < before.stages.size(); ++i) {
    EXPECT_EQ(execution_.stages[i].candidates, before.stages[i].candidates) << i;
    EXPECT_EQ(execution_.stages[i].metadata, before.stages[i].metadata) << i;
  }
  EXPECT_EQ(run(kStages, {}, false), first);
  EXPECT_EQ(execution_.summary.cache_hit_rate, 0.0);
  EXPECT_GT(fetched(), fetched_before);
}

TEST_F(RunTest, FiltersBesideAStageInTheMiddleNarrowWhatItIsGivenAndHandsOn) {
  run(R"([{"type": "feature_search", "query": "whale", "final_top_k": 100},
          {"stage_name": "pick", "config": {"stage_id": "limit", "parameters": {"limit": 50},
           "pre_filters": {"field": "year", "operator": "lt", "value": 20},
           "post_filters": {"field": "year", "operator": "gte", "value": 10}}}])");
  EXPECT_EQ(execution_.stages[1].input_count, 100);
  EXPECT_EQ(execution_.stages[1].metadata.at("total"), 20);
  EXPECT_EQ(execution_.stages[1].output_count, 10);
}

TEST_F(RunTest, AStageThatFailsAndIsSkippedLeavesWhatItWasGiven) {
  run(R"([{"type": "feature_search", "query": "whale", "final_top_k": 20},
          {"stage_name": "same", "on_error": "skip", "config": {"stage_id": "attribute_filter",
           "parameters": {"field": "title", "operator": "regex", "value": "{{INPUT.year}}("}}},
          {"type": "limit", "limit": 3}])");
  ASSERT_EQ(result_.skipped.size(), 1u);
  EXPECT_EQ(execution_.stages[1].output_count, 20);
  EXPECT_EQ(result_.documents.size(), 3u);
}

TEST_F(RunTest, ASearchThatDrawsIsNotRemembered) {
  constexpr std::string_view kStages =
      R"([{"type": "feature_search", "query": "", "on_empty": "random", "top_k": 5},
          {"type": "limit", "limit": 3}])";
  run(kStages);
  run(kStages);
  EXPECT_EQ(execution_.summary.cache_hit_rate, 0.0);
  EXPECT_EQ(cache_.metrics().entries, 0u);
}

}  // namespace
}  // namespace trawl::run_test
