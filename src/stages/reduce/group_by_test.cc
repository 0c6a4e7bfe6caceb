#include <map>
#include <random>

#include "stages/stage_test_support.h"
#include "stages/values.h"

namespace trawl::group_by_test {
namespace {

using namespace stage_test;

std::vector<Candidate> sample_input() {
  return {candidate("a", R"({"k": "x", "n": 1})", 0.2),
          candidate("b", R"({"k": "y", "n": 5})", 0.9),
          candidate("c", R"({"k": "x", "n": 2})", 0.8),
          candidate("d", R"({"n": 3})", 0.5),
          candidate("e", R"({"k": null, "n": 4})"),
          candidate("f", R"({"k": "x", "n": 3})", 0.8)};
}

std::string grouped(std::string_view parameters) {
  return ids(run_stage("group_by", parameters, sample_input()).candidates);
}

TEST(GroupBy, MakesOneRowAGroup) {
  const auto output = run_stage(
      "group_by", R"({"group_by_field": "k", "max_per_group": 2})", sample_input());
  ASSERT_EQ(output.candidates.size(), 3u);
  EXPECT_EQ(json::value(to_json(output.candidates[0])), parse(R"({
    "group_key": "x", "count": 3, "score": 0.8, "documents": [
      {"document_id": "c", "collection_id": "col_test", "k": "x", "n": 2, "score": 0.8},
      {"document_id": "f", "collection_id": "col_test", "k": "x", "n": 3, "score": 0.8}]})"));
  json::value scratch;
  EXPECT_TRUE(output.candidates[2].find("group_key", scratch)->is_null());
  EXPECT_EQ(*output.candidates[2].find("count", scratch), 2);
  EXPECT_EQ(output.metadata.at("total_groups"), 3);
  EXPECT_EQ(output.metadata.at("total_documents"), 6);
}

TEST(GroupBy, KeepsTheBestOfEachGroup) {
  EXPECT_EQ(grouped(R"({"field": "k", "output_mode": "first"})"), "c b d");
  EXPECT_EQ(grouped(R"({"field": "k", "output_mode": "flatten"})"), "c f a b d e");
  EXPECT_EQ(grouped(R"({"field": "k", "output_mode": "flatten", "docs_per_group": 1})"),
            "c b d");
}

TEST(GroupBy, OrdersAndCutsGroupsAsTheProseSays) {
  EXPECT_EQ(grouped(R"({"field": "k", "output_mode": "first", "sort_groups_by": "count",
                        "sort_order": "asc"})"),
            "b d c");
  EXPECT_EQ(grouped(R"({"field": "k", "output_mode": "first", "sort_groups_by": "score"})"),
            "b c d");
  EXPECT_EQ(grouped(R"({"field": "k", "output_mode": "first", "sort_groups_by": "field"})"),
            "b c d");
  EXPECT_EQ(grouped(R"({"field": "k", "output_mode": "first", "max_groups": 1})"), "c");
  EXPECT_EQ(grouped(R"({"field": "k", "output_mode": "first", "exclude_null": true})"),
            "c b");
  EXPECT_EQ(grouped(R"({"field": "k", "output_mode": "flatten", "sort_docs_by": "n"})"),
            "f c a b e d");
}

TEST(GroupBy, TakesNumbersThatAreEqualForOneGroupAndTextForAnother) {
  const auto output =
      run_stage("group_by", R"({"field": "k", "output_mode": "first"})",
                {candidate("a", R"({"k": 1})"), candidate("b", R"({"k": 1.0})"),
                 candidate("c", R"({"k": "1"})"), candidate("d", R"({"k": true})"),
                 candidate("e", R"({"k": {"x": 1, "y": 2}})"),
                 candidate("f", R"({"k": {"y": 2, "x": 1.0}})")});
  EXPECT_EQ(ids(output.candidates), "a c d e");
}

TEST(GroupBy, EmptyInputHasNoGroups) {
  EXPECT_TRUE(run_stage("group_by", "{}", {}).candidates.empty());
}

TEST(GroupBy, ChecksItsParameters) {
  EXPECT_EQ(read_error("group_by", R"({"max_per_group": 1001})").location,
            "stages[0].config.parameters.max_per_group");
  EXPECT_EQ(
      read_error("group_by", R"({"output_mode": "al"})").message,
      "stages[0].config.parameters.output_mode is 'al'; use one of first, all, flatten "
      "(did you mean 'all'?)");
}

// Goal: flattening groups loses nothing and gathers equal values; compared with a map.
TEST(GroupBy, AgreesWithANaiveGrouping) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 100; ++round) {
    std::vector<Candidate> input;
    std::map<std::string, std::vector<std::pair<double, std::size_t>>> naive;
    std::vector<std::string> appearance;
    for (std::size_t i = 0; i < 50; ++i) {
      const std::string key = std::to_string(random() % 8);
      const double score = static_cast<double>(random() % 5);
      input.push_back(candidate(std::to_string(i), "{\"k\":" + key + "}", score));
      if (naive[key].empty()) appearance.push_back(key);
      naive[key].emplace_back(-score, i);
    }
    const std::size_t max_per_group = 1 + random() % 6;
    std::vector<std::string> wanted;
    for (const auto& key : appearance) {
      auto members = naive[key];
      std::sort(members.begin(), members.end());  // Best first, then by position.
      for (std::size_t i = 0; i < std::min(max_per_group, members.size()); ++i) {
        wanted.push_back(std::to_string(members[i].second));
      }
    }
    const auto output = run_stage("group_by",
                                  "{\"field\": \"k\", \"output_mode\": \"flatten\", "
                                  "\"max_per_group\": " +
                                      std::to_string(max_per_group) + "}",
                                  std::move(input));
    std::vector<std::string> found;
    for (const auto& each : output.candidates) found.push_back(each.document_id);
    ASSERT_EQ(found, wanted);
  }
}

// "x:a,b y:b": the groups and the documents of each, in order.
std::string members_by(std::string_view field, std::vector<Candidate> input,
                       std::string_view more = "") {
  const auto output = run_stage(
      "group_by", "{\"field\": \"" + std::string(field) + "\"" + std::string(more) + "}",
      std::move(input));
  std::string out;
  for (const Candidate& row : output.candidates) {
    json::value scratch;
    out += (out.empty() ? "" : " ") + value_text(*row.find("group_key", scratch)) + ":";
    for (const json::value& document : row.fields->at("documents").get_array()) {
      if (out.back() != ':') out += ',';
      out += value_text(document.at("document_id"));
    }
    EXPECT_EQ(row.fields->at("count").to_number<std::size_t>(),
              row.fields->at("documents").get_array().size());
  }
  return out;
}

TEST(GroupBy, PutsADocumentIntoTheGroupOfEachItem) {
  const std::vector<Candidate> input = {
      candidate("a", R"({"tags": ["x", "y", "x"], "items": [{"n": "p"}, {"n": "q"}]})"),
      candidate("b", R"({"tags": "y", "items": {"n": "q"}})"),
      candidate("c", R"({"tags": [], "items": []})"),
      candidate("d", R"({"tags": [null, "x"], "items": [{"n": null}, {}]})"),
      candidate("e", R"({"tags": [1, 1.0, "1"], "items": [{"n": ["p", "r"]}]})")};
  EXPECT_EQ(members_by("tags", input), "x:a,d y:a,b null:c 1:e 1:e");
  EXPECT_EQ(members_by("items.n", input), "p:a,e q:a,b null:c,d r:e");
  EXPECT_EQ(members_by("items.0.n", input), "p:a,e null:b,c,d r:e");
  EXPECT_EQ(members_by("items.n", input, R"(, "exclude_null": true)"), "p:a,e q:a,b r:e");
  const auto flat =
      run_stage("group_by", R"({"field": "items.n", "output_mode": "flatten"})", input);
  EXPECT_EQ(ids(flat.candidates), "a e a b c d e");
  EXPECT_EQ(flat.metadata.at("total_documents"), 5);
  const auto first =
      run_stage("group_by", R"({"field": "items.n", "output_mode": "first"})", input);
  EXPECT_EQ(ids(first.candidates), "a a c e");
  EXPECT_EQ(first.candidates[1].fields->at("tags").get_array().size(), 3u);
}

TEST(GroupBy, UsesTheFieldScoreWhereNoSearchRan) {
  const std::vector<Candidate> input = {candidate("a", R"({"score": 2})"),
                                        candidate("b", R"({"score": 9})"),
                                        candidate("c", R"({"score": 2})")};
  EXPECT_EQ(members_by("score", input), "2:a,c 9:b");
  EXPECT_EQ(members_by("none", input, R"(, "sort_docs_by": "score")"), "null:b,a,c");
}

}  // namespace
}  // namespace trawl::group_by_test
