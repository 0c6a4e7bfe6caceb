#include "stages/stage_test_support.h"

namespace trawl::attribute_filter_test {
namespace {

using namespace stage_test;

FakeCorpus two_collections() {
  FakeCorpus corpus;
  corpus.add("books", {})
      .add("b1", R"({"metadata": {"status": "active"}, "year": 2020})")
      .add("b2", R"({"metadata": {"status": "Active"}, "year": 2021})")
      .add("b3", R"({"year": 2022})");
  corpus.add("films", {}).add("f1", R"({"metadata": {"status": "active"}, "year": 1999})");
  corpus.add("songs", {}, true)
      .add("s1", R"({"metadata": {"status": "active"}, "year": 1970})");
  return corpus;
}

std::string filtered(std::string_view parameters, std::size_t index = 0,
                     std::vector<Candidate> input = {}) {
  const FakeCorpus corpus = two_collections();
  return ids(corpus.run("attribute_filter", parameters, std::move(input), index)
                 .value()
                 .candidates);
}

TEST(AttributeFilter, ReadsTheCollectionsAsTheFirstStage) {
  EXPECT_EQ(filtered(R"({"value": "active"})"), "b1 f1");
  EXPECT_EQ(filtered(R"({"value": "active", "case_insensitive": true})"), "b1 b2 f1");
  EXPECT_EQ(filtered(R"({"field": "year", "operator": "gte", "value": 2021})"), "b2 b3");
  const auto output =
      two_collections().run("attribute_filter", R"({"field": "year", "operator": "exists",
                                                    "value": true})");
  EXPECT_EQ(output->candidates.size(), 4u);
  EXPECT_EQ(output->scanned_count, 4u);
  EXPECT_EQ(output->candidates[0].collection_id, "col_books");
  EXPECT_FALSE(output->candidates[0].score);
}

TEST(AttributeFilter, FiltersWhatCameBeforeLater) {
  const std::vector<Candidate> input = {candidate("x", R"({"year": 3})", 0.5),
                                        candidate("y", R"({"year": 1})", 0.9),
                                        candidate("z", R"({"year": 2})")};
  EXPECT_EQ(filtered(R"({"field": "year", "operator": "gt", "value": 1})", 1, input),
            "x z");
  EXPECT_EQ(filtered(R"({"field": "score", "operator": "gt", "value": 0.6})", 1, input),
            "y");
  EXPECT_EQ(
      filtered(R"({"field": "document_id", "operator": "in", "value": ["z"]})", 1, input),
      "z");
  // A search that found nothing is not followed by the whole collection.
  EXPECT_EQ(filtered(R"({"field": "year", "operator": "exists", "value": true})", 1), "");
}

TEST(AttributeFilter, TakesTreesInEveryPlace) {
  EXPECT_EQ(
      filtered(
          R"({"conditions": {"AND": [{"field": "year", "operator": "gt", "value": 2000},
                                                {"field": "year", "operator": "lt", "value": 2021}]}})"),
      "b1");
  EXPECT_EQ(filtered(R"({"OR": [{"field": "year", "value": 1999}, {"year": 2022}]})"),
            "b3 f1");
  EXPECT_EQ(filtered(R"({"conditions": {"year": 2020}})"), "b1");
  EXPECT_EQ(
      filtered(R"({"conditions": {"field": "year", "operator": "eq", "value": 2020}})"),
      "b1");
  // What a typed client sends beside the tree.
  EXPECT_EQ(filtered(R"({"field": "metadata.status", "operator": "eq", "value": null,
                         "conditions": {"year": 2020}, "batch_size": 100})"),
            "b1");
}

TEST(AttributeFilter, TheDefaultsMatchNothing) {
  EXPECT_EQ(filtered("{}"), "");
}

TEST(AttributeFilter, ItsOwnCollectionsComeBeforeThoseOfTheRequest) {
  EXPECT_EQ(
      filtered(R"({"value": "active", "collection_identifiers": ["songs", "col_songs"]})"),
      "s1");
  EXPECT_EQ(filtered(R"({"value": "active", "collection_ids": ["films"]})"), "f1");
  const auto missing =
      two_collections().run("attribute_filter", R"({"collection_identifiers": ["nope"]})");
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_EQ(missing.error().location, "stages[0].config.parameters.collection_identifiers");
}

TEST(AttributeFilter, NoCollectionIsAWarning) {
  const auto output = FakeCorpus().run("attribute_filter", R"({"value": "x"})");
  EXPECT_EQ(output->warnings.size(), 1u);
}

TEST(AttributeFilter, NamesWhatIsWrong) {
  const std::string base(kLocation);
  const auto location = [](std::string_view parameters) {
    return read_error("attribute_filter", parameters).location;
  };
  EXPECT_EQ(location(R"({"operator": "equals", "value": 1})"), base + ".operator");
  EXPECT_EQ(location(R"({"operator": "regex", "value": "("})"), base + ".value");
  EXPECT_EQ(
      location(
          R"({"conditions": {"AND": [{"field": "a", "operator": "regex", "value": "("}]}})"),
      base + ".conditions.AND[0].value");
  EXPECT_EQ(location(R"({"conditions": {"year": 1}, "field": "year"})"),
            base + ".conditions");
  EXPECT_EQ(location(R"({"conditions": {"year": 1}, "value": 0})"), base + ".conditions");
  EXPECT_EQ(location(R"({"conditions": {"year": 1}, "AND": []})"), base + ".conditions");
  EXPECT_EQ(location(R"({"batch_size": 0})"), base + ".batch_size");
  EXPECT_EQ(read_error("attribute_filter", R"({"operator": "regex", "value": "("})").code,
            ErrorCode::invalid);
}

TEST(AttributeFilter, TemplatesStandForValuesUntilTheRun) {
  for (
      const char* parameters :
      {R"({"field": "year", "operator": "gt", "value": "{{INPUT.year}}"})",
       R"({"field": "metadata.{{INPUT.by}}", "operator": "{{INPUT.op}}", "value": 1})",
       R"({"conditions": "{{INPUT.filters}}"})", R"({"case_insensitive": "{{INPUT.ci}}"})",
       R"({"conditions": {"AND": [{"field": "a", "operator": "regex", "value": "{{INPUT.r}}"}]}})"}) {
    EXPECT_EQ(read_error("attribute_filter", parameters).message, "") << parameters;
  }
}

TEST(AttributeFilter, CutsAtItsBoundWithAWarning) {
  FakeCorpus corpus;
  FakeSnapshot& large = corpus.add("large", {});
  for (int i = 0; i < 100'001; ++i) large.add("d", R"({"a": 1})");
  const auto output = corpus.run("attribute_filter", R"({"conditions": {"a": 1}})");
  EXPECT_EQ(output->candidates.size(), 100'000u);
  EXPECT_EQ(output->warnings.size(), 1u);
}

TEST(AttributeFilter, PassesOnWhatTheCheckpointSays) {
  const FakeCorpus corpus = two_collections();
  BindContext context = corpus.context();
  TestRun test;
  test.check = []() -> Result<void> {
    return make_error(ErrorCode::budget_exhausted, "spent");
  };
  const auto ran = run_bound(*make_stage("attribute_filter", R"({"value": "active"})"), {},
                             context, test.run);
  EXPECT_EQ(ran.error().code, ErrorCode::budget_exhausted);
}

// Goal: filters beside the stage narrow what it reads. (The runner applies those beside a
// stage in the middle.)
TEST(AttributeFilter, AppliesTheFiltersBesideIt) {
  const FakeCorpus corpus = two_collections();
  const std::vector<Filter> beside = {
      Filter::compile(parse(R"({"field": "year", "operator": "lt", "value": 2021})"), "f")
          .value(),
      Filter::compile(parse(R"({"metadata.status": "ACTIVE"})"), "f").value()};
  BindContext context = corpus.context();
  TestRun test;
  test.run.pre_filters = beside;
  const auto stage = make_stage("attribute_filter",
                                R"({"field": "year", "operator": "gt", "value": 1990})");
  EXPECT_EQ(ids(run_bound(*stage, {}, context, test.run).value().candidates), "b1 f1");
  EXPECT_TRUE(stage->traits().source);
}

TEST(AttributeFilter, SaysOfEachSpellingWhetherCaseCounts) {
  for (const char* name : {"conditions", "filters"}) {
    const auto with = [&](const char* more) {
      return filtered(std::string("{\"") + name + R"(": {"metadata.status": "ACTIVE"})" +
                      more + "}");
    };
    EXPECT_EQ(with(""), "");
    EXPECT_EQ(with(R"(, "case_insensitive": true)"), "b1 b2 f1");
    EXPECT_EQ(with(R"(, "case_sensitive": false)"), "b1 b2 f1");
  }
  EXPECT_EQ(filtered(R"({"value": "ACTIVE", "case_sensitive": false})"), "b1 b2 f1");
  EXPECT_EQ(filtered(R"({"OR": [{"metadata.status": "ACTIVE"}], "case_sensitive": false})"),
            "b1 b2 f1");
}

}  // namespace
}  // namespace trawl::attribute_filter_test
