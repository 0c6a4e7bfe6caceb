#include "model/recorded_candidates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "base/json.h"
#include "model/execution_json.h"
#include "model/execution_test_data.h"

namespace trawl {
namespace {

json::array slice(const json::array& list, PlaceRange range) {
  json::array out;
  for (std::size_t i = range.begin; i < std::min(range.end, list.size()); ++i) {
    out.push_back(list[i]);
  }
  return out;
}

// What with_candidates() says, found out by way of a tree.
json::object cut_slowly(const std::string& detail, PlaceRange range) {
  json::object out = parse_json(detail, kRecordDepthMax).value().as_object();
  const auto cut = [&](json::object& object, std::string_view name) {
    json::value& list = object[name];
    object[std::string(name) + "_total"] = list.as_array().size();
    list = slice(list.as_array(), range);
  };
  for (json::value& stage : out["stages"].as_array()) cut(stage.as_object(), "candidates");
  cut(out, "results");
  return out;
}

PlaceRange random_range(std::mt19937_64& random) {
  const auto begin = static_cast<std::size_t>(test::random_number(random, 0, 4));
  return {begin, begin + static_cast<std::size_t>(test::random_number(random, 0, 4))};
}

TEST(RecordedCandidates, ARecordIsCutAsATreeWouldBe) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 300; ++i) {
    const std::string detail = execution_detail_json(test::random_execution(random));
    const PlaceRange range = random_range(random);
    const auto cut = with_candidates(detail, range);
    ASSERT_TRUE(cut) << cut.error().detail;
    EXPECT_EQ(parse_json(*cut, kRecordDepthMax).value(),
              json::value(cut_slowly(detail, range)))
        << detail;
  }
}

TEST(RecordedCandidates, PagesOfAStageJoinToItsList) {
  std::mt19937_64 random(testing::UnitTest::GetInstance()->random_seed());
  for (int i = 0; i < 100; ++i) {
    Execution execution = test::random_execution(random);
    for (std::size_t s = 0; s < execution.stages.size(); ++s) {
      execution.stages[s].stage_name = "stage \"" + std::to_string(s) + "\" \u00e9\x01";
    }
    const std::string detail = execution_detail_json(execution);
    const json::value tree = parse_json(detail, kRecordDepthMax).value();
    for (std::size_t s = 0; s < execution.stages.size(); ++s) {
      const StageRecord& stage = execution.stages[s];
      std::string joined;
      for (std::size_t begin = 0;; begin += 2) {
        const auto by_name =
            stage_candidates(detail, stage.stage_name, {begin, begin + 2}).value();
        const auto by_place =
            stage_candidates(detail, std::to_string(s), {begin, begin + 2}).value();
        ASSERT_TRUE(by_name.stage);
        EXPECT_EQ(by_name.stage->stage_index, s);
        EXPECT_EQ(by_name.stage->total, stage.candidates.size());
        EXPECT_EQ(by_name.stage->truncated, stage.candidates_truncated);
        EXPECT_EQ(by_name.stage->candidates, by_place.stage.value().candidates);
        EXPECT_EQ(parse_json(by_name.stage->stage_name).value(),
                  tree.at("stages").at(s).at("stage_name"));
        if (by_name.stage->candidates.empty()) break;
        joined += (begin == 0 ? "" : ",") + by_name.stage->candidates;
      }
      EXPECT_EQ(parse_json("[" + joined + "]", kRecordDepthMax).value(),
                tree.at("stages").at(s).at("candidates"));
    }
  }
}

TEST(RecordedCandidates, ANameComesBeforeAPlace) {
  Execution execution;
  execution.stages.resize(3);
  execution.stages[0].stage_name = "2";
  execution.stages[1].stage_name = "same";
  execution.stages[2].stage_name = "same";
  const std::string detail = execution_detail_json(execution);
  const auto index_of = [&](std::string_view stage) {
    return stage_candidates(detail, stage, {0, 1}).value().stage.value().stage_index;
  };
  EXPECT_EQ(index_of("2"), 0u);
  EXPECT_EQ(index_of("same"), 1u);
  EXPECT_EQ(index_of("1"), 1u);
  for (const std::string_view other : {"3", "-1", "Same", "", "1.0", "sam"}) {
    const auto found = stage_candidates(detail, other, {0, 1}).value();
    EXPECT_FALSE(found.stage) << other;
    EXPECT_EQ(found.names, R"("2","same","same")");
  }
}

TEST(RecordedCandidates, DamageIsSaid) {
  std::mt19937_64 random(7);
  const std::string detail = execution_detail_json(test::random_execution(random));
  for (std::size_t size = 0; size < detail.size(); size += 7) {
    const auto cut = with_candidates(std::string_view(detail).substr(0, size), {0, 1});
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, ErrorCode::storage);
  }
}

}  // namespace
}  // namespace trawl
