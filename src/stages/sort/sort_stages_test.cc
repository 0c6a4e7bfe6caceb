#include <random>

#include "stages/sort/ordering.h"
#include "stages/stage_test_support.h"

namespace trawl::sort_stages_test {
namespace {

using namespace stage_test;

std::string sorted_ids(std::string_view parameters, std::vector<Candidate> input) {
  return ids(run_stage("sort_attribute", parameters, std::move(input)).candidates);
}

std::vector<Candidate> with_values(const std::vector<std::string>& values) {
  std::vector<Candidate> out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string fields = values[i].empty() ? "{}" : "{\"v\": " + values[i] + "}";
    out.push_back(candidate(std::string(1, static_cast<char>('a' + i)), fields));
  }
  return out;
}

TEST(SortAttribute, ComparesEachTypeInItsOwnWay) {
  EXPECT_EQ(
      sorted_ids(R"({"field": "v", "direction": "asc"})",
                 with_values({"10", "9.5", "-1", "9007199254740993", "9007199254740992"})),
      "c b a e d");
  EXPECT_EQ(sorted_ids(R"({"field": "v", "direction": "asc"})",
                       with_values({"\"b\"", "\"B\"", "\"a\"", "\"10\"", "\"9\""})),
            "d e b c a");
  EXPECT_EQ(sorted_ids(R"({"field": "v", "direction": "asc"})",
                       with_values({"true", "false", "true"})),
            "b a c");
  // By text the first would come last.
  EXPECT_EQ(sorted_ids(R"({"field": "v", "direction": "asc"})",
                       with_values({"\"2024-01-01T01:00:00+02:00\"", "\"2024-01-01\"",
                                    "\"2023-12-31T23:30:00Z\""})),
            "a c b");
}

TEST(SortAttribute, ComparesMixedTypesAsText) {
  EXPECT_EQ(sorted_ids(R"({"field": "v", "direction": "asc"})",
                       with_values({"9", "10", "\"5x\"", "true", "\"apple\""})),
            "b c a e d");
}

TEST(SortAttribute, MissingValuesGoWhereTheParametersSay) {
  const auto input = with_values({"2", "", "1", "null", "3"});
  EXPECT_EQ(sorted_ids(R"({"field": "v", "direction": "asc"})", input), "c a e b d");
  EXPECT_EQ(sorted_ids(R"({"field": "v", "direction": "desc"})", input), "e a c b d");
  EXPECT_EQ(sorted_ids(R"({"field": "v", "order": "asc", "nulls_last": false})", input),
            "b d c a e");
  EXPECT_EQ(sorted_ids(R"({"field": "v", "order": "desc", "nulls_last": false})", input),
            "e a c b d");
  EXPECT_EQ(sorted_ids(R"({"sort_field": "v", "null_handling": "first"})", input),
            "b d e a c");
}

TEST(SortAttribute, HasTheDefaultsOfTheContract) {
  std::vector<Candidate> input = {
      candidate("old", R"({"metadata": {"created_at": "2023-01-01"}})"),
      candidate("new", R"({"metadata": {"created_at": "2024-01-01"}})")};
  EXPECT_EQ(sorted_ids("{}", input), "new old");
  EXPECT_EQ(sorted_ids("{}", {}), "");
}

TEST(SortAttribute, AnUnknownDirectionFallsBackToDescendingWithAWarning) {
  const auto output =
      run_stage("sort_attribute", R"({"field": "v", "direction": "upwards"})",
                with_values({"1", "2"}));
  EXPECT_EQ(ids(output.candidates), "b a");
  ASSERT_EQ(output.warnings.size(), 1u);
  EXPECT_NE(output.warnings[0].find("upwards"), std::string::npos);
  EXPECT_TRUE(run_stage("sort_attribute", R"({"direction": "ASC"})", {}).warnings.empty());
  EXPECT_EQ(read_error("sort_attribute", R"({"direction": 1})").location,
            "stages[0].config.parameters.direction");
  EXPECT_EQ(read_error("sort_attribute", R"({"field": ""})").location,
            "stages[0].config.parameters.field");
}

TEST(SortAttribute, SortsByTheScoreAndTheIdsToo) {
  std::vector<Candidate> input = {candidate("a", "{}", 1.0), candidate("b", "{}", 3.0),
                                  candidate("c", "{}")};
  EXPECT_EQ(sorted_ids(R"({"field": "score"})", input), "b a c");
  EXPECT_EQ(sorted_ids(R"({"field": "document_id"})", input), "c b a");
}

// Goal: equal values never change places, in either direction, and the result is sorted.
TEST(SortAttribute, IsStableAndSortedForAnyValues) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> pool = {"",    "null",  "1",     "1.0",  "2",
                                         "10",  "\"1\"", "\"x\"", "true", "\"2024-01-01\"",
                                         "[1]", "{}"};
  for (int round = 0; round < 200; ++round) {
    const std::size_t kinds = 1 + random() % pool.size();
    std::vector<Candidate> input;
    for (int i = 0; i < 40; ++i) {
      const std::string& value = pool[random() % kinds];
      input.push_back(
          candidate(std::to_string(i), value.empty() ? "{}" : "{\"v\":" + value + "}"));
    }
    SortColumn column;
    for (const auto& each : input) column.add(each.fields->if_contains("v"));
    column.prepare();
    for (const bool descending : {false, true}) {
      const auto order = sorted_order(column, descending, MissingPlace::last);
      for (std::size_t i = 1; i < order.size(); ++i) {
        const std::size_t a = order[i - 1];
        const std::size_t b = order[i];
        if (column.missing(a) || column.missing(b)) {
          ASSERT_TRUE(column.missing(b));
          if (column.missing(a)) {
            ASSERT_LT(a, b);
          }
          continue;
        }
        const int compared = column.compare(a, b);
        ASSERT_TRUE(descending ? compared >= 0 : compared <= 0);
        if (compared == 0) {
          ASSERT_LT(a, b);
        }
      }
    }
  }
}

std::vector<Candidate> scored() {
  return {candidate("a", "{}"), candidate("b", R"({"s": 5})", 0.5),
          candidate("c", R"({"s": "7"})", 0.9), candidate("d", R"({"s": 9})", 0.5),
          candidate("e", R"({"s": null})")};
}

std::string by_relevance(std::string_view parameters) {
  return ids(run_stage("sort_relevance", parameters, scored()).candidates);
}

TEST(SortRelevance, PlacesDocumentsWithoutAScore) {
  EXPECT_EQ(by_relevance("{}"), "c b d a e");
  EXPECT_EQ(by_relevance(R"({"missing_score": "top"})"), "a e c b d");
  EXPECT_EQ(by_relevance(R"({"missing_score": "preserve"})"), "a c b d e");
  EXPECT_EQ(by_relevance(R"({"order": "asc"})"), "b d c a e");
  // A text is not a score.
  EXPECT_EQ(by_relevance(R"({"score_field": "s"})"), "d b a c e");
  EXPECT_EQ(
      run_stage("sort_relevance", R"({"missing_score": "preserve"})", {}).candidates.size(),
      0u);
}

TEST(SortRelevance, NormalizeTellsPositionsAndScaledScores) {
  const auto output = run_stage("sort_relevance", R"({"normalize": true})", scored());
  json::value scratch;
  EXPECT_EQ(
      *output.candidates[0].find("sort_relevance", scratch),
      parse(R"({"original_position": 2, "new_position": 0, "normalized_score": 1.0})"));
  EXPECT_EQ(
      *output.candidates[1].find("sort_relevance", scratch),
      parse(R"({"original_position": 1, "new_position": 1, "normalized_score": 0.0})"));
  EXPECT_TRUE(
      output.candidates[3].find("sort_relevance.normalized_score", scratch)->is_null());
  EXPECT_EQ(*output.candidates[0].score, 0.9);
}

TEST(SortRelevance, RefusesUnknownWords) {
  EXPECT_EQ(read_error("sort_relevance", R"({"direction": "up"})").location,
            "stages[0].config.parameters.direction");
  EXPECT_EQ(read_error("sort_relevance", R"({"missing_score": "{{INPUT.x}}"})").message,
            "");
  EXPECT_EQ(run_stage("sort_relevance", R"({"feature_address": "a://b@c/d"})", scored())
                .warnings.size(),
            1u);
}

TEST(SortAttribute, SortsByTheSmallestOrGreatestOfSeveral) {
  const std::vector<Candidate> input = {
      candidate("a", R"({"items": [{"n": 5}, {"n": 1}]})"),
      candidate("b", R"({"items": [{"n": 3}]})"), candidate("c", R"({"items": []})"),
      candidate("d", R"({"items": [{"n": 2}, {"n": 10}, {"n": null}]})")};
  EXPECT_EQ(sorted_ids(R"({"field": "items.n", "direction": "asc"})", input), "a d b c");
  EXPECT_EQ(sorted_ids(R"({"field": "items.n", "direction": "desc"})", input), "d a b c");
  EXPECT_EQ(sorted_ids(R"({"field": "items.0.n", "direction": "asc"})", input), "d b a c");
  EXPECT_EQ(
      ids(run_stage("sort_relevance", R"({"score_field": "items.n"})", input).candidates),
      "d a b c");
}

TEST(SortStages, UseTheFieldScoreWhereNoSearchRan) {
  const std::vector<Candidate> input = {candidate("a", R"({"score": 2})"),
                                        candidate("b", R"({"score": 9})"),
                                        candidate("c", R"({"score": 3})", 0.5)};
  EXPECT_EQ(sorted_ids(R"({"field": "score"})", input), "b a c");
  EXPECT_EQ(ids(run_stage("sort_relevance", "{}", input).candidates), "b a c");
}

TEST(SortRelevance, WarnsWhereItHidesAField) {
  const std::vector<Candidate> own = {candidate("a", R"({"sort_relevance": "mine"})", 0.5),
                                      candidate("b", R"({"sort_relevance": 1})", 0.4)};
  EXPECT_TRUE(run_stage("sort_relevance", "{}", own).warnings.empty());
  auto output = run_stage("sort_relevance", R"({"normalize": true})", own);
  ASSERT_EQ(output.warnings.size(), 1u);
  EXPECT_NE(output.warnings[0].find("'sort_relevance'"), std::string::npos);
  // What such a stage has added itself is nobody's field.
  output = run_stage("sort_relevance", R"({"normalize": true})", output.candidates);
  EXPECT_TRUE(output.warnings.empty());
}

}  // namespace
}  // namespace trawl::sort_stages_test
