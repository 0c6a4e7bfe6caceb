#include <limits>
#include <map>
#include <random>
#include <set>

#include "stages/stage_test_support.h"

namespace trawl::aggregate_test {
namespace {

using namespace stage_test;

std::vector<Candidate> sample_input() {
  return {candidate("a", R"({"k": "x", "n": 4, "meta": {"year": 2020}})", 0.1),
          candidate("b", R"({"k": "y", "n": 1.5, "meta": {"year": 2021}})", 0.9),
          candidate("c", R"({"k": "x", "n": "many", "meta": {"year": 2020}})", 0.5),
          candidate("d", R"({"k": "x", "n": 4.0})"),
          candidate("e", R"({"n": null, "meta": {"year": 2021}})", 0.7)};
}

json::value aggregated(std::string_view operations,
                       std::vector<Candidate> input = sample_input()) {
  const auto output = run_stage(
      "aggregate", "{\"aggregations\": " + std::string(operations) + "}", std::move(input));
  EXPECT_EQ(output.candidates.size(), 1u);
  EXPECT_EQ(*output.candidates[0].fields, output.metadata.at("aggregations").get_object());
  return *output.candidates[0].fields;
}

TEST(Aggregate, EveryFunctionOverTheWholeSet) {
  EXPECT_EQ(aggregated(R"([
    {"function": "count", "alias": "all"},
    {"function": "count", "field": "n", "alias": "with_n"},
    {"function": "count_distinct", "field": "n", "alias": "different"},
    {"type": "cardinality", "field": "k", "name": "kinds"},
    {"function": "sum", "field": "n", "alias": "sum"},
    {"function": "avg", "field": "n", "alias": "avg"},
    {"function": "min", "field": "meta.year", "alias": "min"},
    {"function": "max", "field": "meta.year", "alias": "max"},
    {"function": "first", "field": "k", "alias": "first"},
    {"function": "last", "field": "k", "alias": "last"},
    {"function": "collect", "field": "k", "alias": "list"},
    {"function": "collect_distinct", "field": "n", "alias": "set"}])"),
            parse(R"({"all": 5, "with_n": 4, "different": 3, "kinds": 2, "sum": 9.5,
                      "avg": 3.1666666666666665, "min": 2020, "max": 2021, "first": "y",
                      "last": "x", "list": ["x", "y", "x", "x"], "set": [4, 1.5, "many"]})"));
}

TEST(Aggregate, NothingToComputeFromIsNotAnError) {
  EXPECT_EQ(aggregated(R"([
    {"function": "count", "alias": "n"}, {"function": "sum", "field": "x", "alias": "s"},
    {"function": "avg", "field": "x", "alias": "a"}, {"function": "min", "field": "x", "alias": "m"},
    {"function": "first", "field": "x", "alias": "f"},
    {"function": "collect", "field": "x", "alias": "c"},
    {"type": "percentile", "field": "x", "alias": "p", "percentiles": [50]},
    {"type": "histogram", "field": "x", "alias": "h", "interval": 1}])",
                       {}),
            parse(R"({"n": 0, "s": 0, "a": null, "m": null, "f": null, "c": [],
                      "p": {"p50": null}, "h": {"buckets": []}})"));
}

TEST(Aggregate, IntegersAddUpToAnIntegerWhileTheyFit) {
  const auto sum_of = [](std::vector<std::string> numbers) {
    std::vector<Candidate> input;
    for (const auto& number : numbers)
      input.push_back(candidate("d", "{\"n\":" + number + "}"));
    return aggregated(R"([{"function": "sum", "field": "n", "alias": "s"}])", input)
        .at("s");
  };
  EXPECT_TRUE(sum_of({"1", "2"}).is_int64());
  EXPECT_EQ(sum_of({"9223372036854775807", "1"}).get_uint64(), 9223372036854775808u);
  EXPECT_EQ(sum_of({"18446744073709551615", "-1"}).get_uint64(), 18446744073709551614u);
  EXPECT_EQ(sum_of({"18446744073709551615", "1"}).get_double(), 18446744073709551616.0);
  EXPECT_EQ(sum_of({"9223372036854775807", "1", "-1"}).get_int64(), 9223372036854775807);
  EXPECT_EQ(sum_of({"-9223372036854775808", "0"}).get_int64(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(sum_of({"1e100", "1", "-1e100"}).get_double(), 1.0);
  EXPECT_EQ(sum_of({"1e308", "1e308", "-1e308"}).get_double(), 1e308);
  EXPECT_EQ(sum_of({"0.1", "0.2"}).get_double(), 0.3);
  EXPECT_EQ(sum_of(std::vector<std::string>(10, "0.1")).get_double(), 1.0);
  EXPECT_EQ(sum_of({"0.1", "1e16", "0.1", "-1e16"}).get_double(), 0.2);
  EXPECT_EQ(sum_of({"5e-324", "5e-324"}).get_double(), 1e-323);
}

TEST(Aggregate, SaysThatASumIsTooLarge) {
  std::vector<Candidate> input = {candidate("a", R"({"n": 1e308})"),
                                  candidate("b", R"({"n": 1e308})")};
  const auto output = run_stage("aggregate", R"({"aggregations": [
    {"function": "sum", "field": "n", "alias": "s"},
    {"function": "avg", "field": "n", "alias": "a"}]})",
                                std::move(input));
  EXPECT_EQ(output.metadata.at("aggregations"), parse(R"({"s": null, "a": 1e308})"));
  ASSERT_EQ(output.warnings.size(), 1u);
  EXPECT_NE(output.warnings[0].find("'s' is null"), std::string::npos);
}

TEST(Aggregate, HistogramsTakeNumbersAsTheyAreWritten) {
  const auto buckets = [](const char* interval, std::vector<std::string> numbers) {
    std::vector<Candidate> input;
    for (const auto& number : numbers)
      input.push_back(candidate("d", "{\"n\":" + number + "}"));
    const auto row = aggregated(R"([{"type": "histogram", "field": "n", "name": "h",
                                     "interval": )" +
                                    std::string(interval) + "}]",
                                input);
    std::string text;
    for (const auto& bucket : row.at("h").at("buckets").get_array()) {
      text += to_json_text(bucket.at("key")) + ":" + to_json_text(bucket.at("count")) + " ";
    }
    return text;
  };
  EXPECT_EQ(buckets("0.1", {"0.3", "0.6", "0.7", "0.29999999999999993", "-0.3", "-0.05"}),
            "-0.3:1 -0.1:1 0.2:1 0.3:1 0.6:1 0.7:1 ");
  EXPECT_EQ(buckets("0.05", {"1.15", "0.35", "4.35"}), "0.35:1 1.15:1 4.35:1 ");
  EXPECT_EQ(
      buckets("1", {"9007199254740993", "-9223372036854775808", "18446744073709551615"}),
      "-9223372036854775808:1 9007199254740993:1 18446744073709551615:1 ");
  EXPECT_EQ(buckets("1000", {"9007199254740993", "-1"}), "-1000:1 9007199254740000:1 ");
  EXPECT_EQ(buckets("0.5", {"9007199254740993"}), "9007199254740992.0:1 ");
  EXPECT_EQ(buckets("1", {"2.5", "2"}), "2.0:2 ");
  EXPECT_EQ(buckets("1e300", {"5", "-5", "3e300"}), "-1e+300:1 0.0:1 3e+300:1 ");
  EXPECT_EQ(buckets("1e-15", {"1e300", "1e300", "3e-15"}), "3e-15:1 1e+300:2 ");
  EXPECT_EQ(buckets("1e308", {"-1.7e308"}).find("null"), std::string::npos);
  for (const char* width : {"1e-300", "5e-324", "1e-16", "0", "-1"}) {
    EXPECT_EQ(read_error("aggregate", R"({"aggregations": [{"function": "histogram",
        "field": "f", "alias": "n", "interval": )" +
                                          std::string(width) + "}]}")
                  .location,
              std::string(kLocation) + ".aggregations[0].interval")
        << width;
  }
}

TEST(Aggregate, PercentilesAndHistograms) {
  std::vector<Candidate> input;
  for (int i = 1; i <= 5; ++i)
    input.push_back(candidate("d", "{\"n\":" + std::to_string(i) + "}"));
  EXPECT_EQ(aggregated(R"([
    {"type": "percentile", "field": "n", "name": "p", "percentiles": [0, 50, 90, 100]},
    {"type": "histogram", "field": "n", "name": "h", "interval": 2}])",
                       input),
            parse(R"({"p": {"p0": 1.0, "p50": 3.0, "p90": 4.6, "p100": 5.0},
                      "h": {"buckets": [{"key": 0, "count": 1}, {"key": 2, "count": 2},
                                        {"key": 4, "count": 2}]}})"));
}

TEST(Aggregate, GroupsInTheOrderOfAppearance) {
  const auto output = run_stage("aggregate", R"({
    "aggregations": [{"function": "count", "alias": "n"}],
    "group_by": [{"field": "meta.year"}]})",
                                sample_input());
  EXPECT_EQ(rows(output.candidates),
            "{\"n\":2,\"year\":2020}\n{\"n\":2,\"year\":2021}\n{\"n\":1,\"year\":null}\n");
  EXPECT_EQ(output.metadata.at("aggregations"),
            parse(R"({"2020": {"n": 2}, "2021": {"n": 2}, "null": {"n": 1}})"));
  EXPECT_EQ(output.metadata.at("total_groups"), 3);
}

TEST(Aggregate, KeepsGroupsThatReadAlike) {
  std::vector<Candidate> input;
  for (const char* value : {R"("1")", "1", R"("null")", "null", R"("\"1\"")", "1.0", "true",
                            R"("true")", R"("")", R"("\"a")", "[[1]]", R"("[1]")"}) {
    input.push_back(candidate("d", std::string(R"({"k":)") + value + "}"));
  }
  const auto output = run_stage("aggregate", R"({
    "aggregations": [{"function": "count", "alias": "n"}], "group_by": "k"})",
                                std::move(input));
  EXPECT_EQ(output.metadata.at("aggregations"),
            parse(R"({"1": {"n": 2}, "\"1\"": {"n": 1}, "\"\\\"1\\\"\"": {"n": 1},
                      "null": {"n": 1}, "\"null\"": {"n": 1}, "true": {"n": 1},
                      "\"true\"": {"n": 1}, "": {"n": 1}, "\"a": {"n": 1},
                      "[1]": {"n": 1}, "\"[1]\"": {"n": 1}})"));
}

TEST(Aggregate, SeveralGroupFieldsSortAndLimit) {
  const auto output = run_stage("aggregate", R"({
    "aggregations": [{"function": "count", "alias": "n"}],
    "group_by": [{"field": "k", "alias": "kind"}, {"field": "meta.year"}],
    "sort_by": "n", "sort_order": "desc", "limit": 2})",
                                sample_input());
  EXPECT_EQ(
      rows(output.candidates),
      "{\"kind\":\"x\",\"n\":2,\"year\":2020}\n{\"kind\":\"y\",\"n\":1,\"year\":2021}\n");
  EXPECT_EQ(output.metadata.at("aggregations").get_array().size(), 2u);
  EXPECT_EQ(output.metadata.at("total_groups"), 4);
}

TEST(Aggregate, TakesAPlainPathForTheGroups) {
  const auto output = run_stage("aggregate", R"({
    "aggregations": [{"type": "count", "name": "n"}], "group_by": "k",
    "sort_by": "k", "sort_order": "asc"})",
                                sample_input());
  EXPECT_EQ(rows(output.candidates),
            "{\"k\":\"x\",\"n\":3}\n{\"k\":\"y\",\"n\":1}\n"
            "{\"k\":null,\"n\":1}\n");
}

TEST(Aggregate, DocumentsGoOnWhereTheyAreIncluded) {
  const auto output = run_stage("aggregate", R"({
    "aggregations": [{"function": "count", "alias": "n"}], "include_documents": true})",
                                sample_input());
  EXPECT_EQ(ids(output.candidates), "a b c d e");
  EXPECT_EQ(output.metadata.at("aggregations"), parse(R"({"n": 5})"));
}

TEST(Aggregate, ReadsTheScore) {
  EXPECT_EQ(aggregated(R"([{"function": "max", "field": "score", "alias": "best"},
                           {"function": "first", "field": "document_id", "alias": "id"}])"),
            parse(R"({"best": 0.9, "id": "b"})"));
}

TEST(Aggregate, NamesTheParameterThatIsWrong) {
  const auto location = [](std::string_view parameters) {
    return read_error("aggregate", parameters).location;
  };
  const std::string base(kLocation);
  EXPECT_EQ(location("{}"), base + ".aggregations");
  EXPECT_EQ(location(R"({"aggregations": []})"), base + ".aggregations");
  EXPECT_EQ(location(R"({"aggregations": [1]})"), base + ".aggregations[0]");
  EXPECT_EQ(location(R"({"aggregations": [{"alias": "n"}]})"),
            base + ".aggregations[0].function");
  EXPECT_EQ(location(R"({"aggregations": [{"function": "count"}]})"),
            base + ".aggregations[0].alias");
  EXPECT_EQ(location(R"({"aggregations": [{"function": "sum", "alias": "n"}]})"),
            base + ".aggregations[0].field");
  EXPECT_EQ(
      location(
          R"({"aggregations": [{"function": "histogram", "field": "f", "alias": "n"}]})"),
      base + ".aggregations[0].interval");
  EXPECT_EQ(location(R"({"aggregations": [{"function": "count", "alias": "n"},
                                          {"function": "count", "alias": "n"}]})"),
            base + ".aggregations[1].alias");
  EXPECT_EQ(location(R"({"aggregations": [{"function": "count", "alias": "k"}],
                         "group_by": ["k"]})"),
            base + ".aggregations[0].alias");
  EXPECT_EQ(location(R"({"aggregations": [{"function": "count", "alias": "n"}],
                         "group_by": [{"alias": "k"}]})"),
            base + ".group_by[0].field");
  EXPECT_EQ(
      location(
          R"({"aggregations": [{"function": "count", "alias": "n"}], "sort_by": "m"})"),
      base + ".sort_by");
  EXPECT_EQ(
      read_error("aggregate", R"({"aggregations": [{"function": "cuont", "alias": "n"}]})")
              .message.find("did you mean 'count'?") != std::string::npos,
      true);
}

TEST(Aggregate, TemplatesStandForAnything) {
  for (
      const char* parameters : {
          R"({"aggregations": "{{INPUT.a}}", "sort_by": "n"})",
          R"({"aggregations": [{"function": "{{INPUT.f}}", "alias": "n"}]})",
          R"({"aggregations": [{"function": "sum", "field": "{{INPUT.f}}", "alias": "n"}]})",
          R"({"aggregations": [{"function": "count", "alias": "{{INPUT.f}}"},
                                {"function": "count", "alias": "{{INPUT.f}}"}], "sort_by": "n"})",
          R"({"aggregations": [{"function": "count", "alias": "n"}],
               "group_by": "{{INPUT.by}}", "sort_by": "{{INPUT.by}}", "limit": "{{INPUT.n}}"})",
      }) {
    EXPECT_EQ(read_error("aggregate", parameters).message, "") << parameters;
  }
}

// Goal: counts, sums and extremes of groups are those of plain loops.
TEST(Aggregate, AgreesWithANaiveAggregation) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  struct Naive {
    std::int64_t count = 0;
    std::int64_t sum = 0;
    std::optional<std::int64_t> min;
    std::set<std::int64_t> values;
    std::optional<std::pair<double, std::int64_t>> best;
  };
  for (int round = 0; round < 100; ++round) {
    std::vector<Candidate> input;
    std::map<std::string, Naive> naive;
    for (int i = 0; i < 60; ++i) {
      const std::string key = std::to_string(random() % 5);
      Naive& group = naive[key];
      ++group.count;
      const double score = static_cast<double>(random() % 1000) + i / 1000.0;
      if (random() % 4 == 0) {
        input.push_back(candidate("d", "{\"k\":\"" + key + "\"}", score));
        continue;
      }
      const std::int64_t number = static_cast<std::int64_t>(random() % 20) - 10;
      input.push_back(candidate(
          "d", "{\"k\":\"" + key + "\",\"n\":" + std::to_string(number) + "}", score));
      group.sum += number;
      group.min = std::min(group.min.value_or(number), number);
      group.values.insert(number);
      if (!group.best || score > group.best->first) group.best = {score, number};
    }
    const auto output = run_stage("aggregate", R"({"group_by": "k", "aggregations": [
      {"function": "count", "alias": "count"},
      {"function": "sum", "field": "n", "alias": "sum"},
      {"function": "min", "field": "n", "alias": "min"},
      {"function": "count_distinct", "field": "n", "alias": "different"},
      {"function": "first", "field": "n", "alias": "first"}]})",
                                  std::move(input));
    ASSERT_EQ(output.candidates.size(), naive.size());
    for (const auto& row : output.candidates) {
      const Naive& group = naive.at(std::string(view(row.fields->at("k").get_string())));
      ASSERT_EQ(row.fields->at("count"), group.count);
      ASSERT_EQ(row.fields->at("sum"), group.sum);
      ASSERT_EQ(row.fields->at("min"), group.min ? json::value(*group.min) : json::value());
      ASSERT_EQ(row.fields->at("different"), group.values.size());
      ASSERT_EQ(row.fields->at("first"),
                group.best ? json::value(group.best->second) : json::value());
    }
  }
}

TEST(Aggregate, PassesThroughLists) {
  const std::vector<Candidate> input = {
      candidate("a", R"({"tags": ["x", "y"], "items": [{"p": 1}, {"p": 2}]})"),
      candidate("b", R"({"tags": ["x"], "items": [{"p": 2}, {"p": null}]})"),
      candidate("c", R"({"tags": [], "items": []})")};
  EXPECT_EQ(rows(run_stage("aggregate", R"({"aggregations": [
              {"function": "count", "field": "items.p", "alias": "n"},
              {"function": "count_distinct", "field": "items.p", "alias": "d"},
              {"function": "sum", "field": "items.p", "alias": "s"},
              {"function": "max", "field": "items.p", "alias": "m"},
              {"function": "first", "field": "items.p", "alias": "f"},
              {"function": "collect", "field": "items.p", "alias": "all"}]})",
                           input)
                     .candidates),
            R"({"all":[1,2,2],"d":2,"f":1,"m":2,"n":2,"s":5})"
            "\n");
  EXPECT_EQ(rows(run_stage("aggregate", R"({"group_by": ["tags", "items.p"],
              "aggregations": [{"function": "count", "alias": "n"}]})",
                           input)
                     .candidates),
            "{\"n\":1,\"p\":1,\"tags\":\"x\"}\n"
            "{\"n\":2,\"p\":2,\"tags\":\"x\"}\n"
            "{\"n\":1,\"p\":1,\"tags\":\"y\"}\n"
            "{\"n\":1,\"p\":2,\"tags\":\"y\"}\n"
            "{\"n\":1,\"p\":null,\"tags\":null}\n");
}

// Lists multiply.
TEST(Aggregate, RefusesMoreGroupsThanItCanHold) {
  std::string list = "[0";
  for (int i = 1; i < 1100; ++i) list += "," + std::to_string(i);
  list += "]";
  TestRun test;
  const auto output = try_stage(
      "aggregate",
      R"({"group_by": ["a", "b"], "aggregations": [{"function": "count", "alias": "n"}]})",
      {candidate("x", "{\"a\": " + list + ", \"b\": " + list + "}")}, test.run);
  ASSERT_FALSE(output);
  EXPECT_NE(output.error().message.find("group by fewer fields"), std::string::npos);
}

TEST(Aggregate, UsesTheFieldScoreWhereNoSearchRan) {
  EXPECT_EQ(
      rows(run_stage("aggregate", R"({"aggregations": [
              {"function": "avg", "field": "score", "alias": "mean"}]})",
                     {candidate("a", R"({"score": 2})"), candidate("b", R"({"score": 4})")})
               .candidates),
      "{\"mean\":3.0}\n");
}

}  // namespace
}  // namespace trawl::aggregate_test
