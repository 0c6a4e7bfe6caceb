#include <set>

#include "stages/stage_test_support.h"

namespace trawl::feature_search_test {
namespace {

using namespace stage_test;

constexpr const char* kTitle = "mem://words@v1/title";
constexpr const char* kBody = "mem://words@v1/body";

FakeCorpus library() {
  FakeCorpus corpus;
  corpus.add("books", {"title", "body"})
      .add("b0",
           R"({"title": "fox fox fox", "body": "dog", "kind": "x", "tags": ["p", "q"]})")
      .add("b1", R"({"title": "fox", "body": "fox fox", "kind": "x", "tags": ["p", "p"]})")
      .add("b2", R"({"title": "dog", "body": "fox", "kind": "y", "tags": "q"})")
      .add("b3", R"({"title": "fox fox", "body": "cat", "kind": "y", "n": 3})")
      .add("b4", R"({"title": "cat", "body": "cat", "n": 3.0})");
  return corpus;
}

Result<Ran> search(std::string_view parameters) {
  const FakeCorpus corpus = library();
  return corpus.run("feature_search", parameters);
}

std::string found(std::string_view parameters) {
  const auto output = search(parameters);
  EXPECT_TRUE(output) << (output ? "" : output.error().message);
  return output ? ids(output->candidates) : "";
}

TEST(FeatureSearch, RanksByOneFeature) {
  const auto output = search(R"({"searches": [{"feature_uri": "mem://words@v1/title",
    "query": {"input_mode": "text", "value": "fox"}, "top_k": 10}]})");
  EXPECT_EQ(ids(output->candidates), "b0 b3 b1");
  // Scores are those of the search, and read as they would be written.
  EXPECT_EQ(*output->candidates[0].score, 0.3);
  EXPECT_EQ(*output->candidates[1].score, 0.2);
  EXPECT_FALSE(output->candidates[0].fields->contains("features"));
  EXPECT_EQ(output->candidates[0].collection_id, "col_books");
  EXPECT_EQ(output->scanned_count, 5u);
  EXPECT_EQ(output->metadata.at("searches").at(0).at("top_score"), 0.3);
}

TEST(FeatureSearch, TakesAQueryInEveryShapeThatClientsSend) {
  const std::string uri = R"("feature_uri": "mem://words@v1/title")";
  EXPECT_EQ(found("{" + uri + R"(, "query": "fox"})"), "b0 b3 b1");
  EXPECT_EQ(found("{" + uri + R"(, "query": {"text": "fox"}})"), "b0 b3 b1");
  EXPECT_EQ(found("{" + uri + R"(, "input": {"text": "fox"}, "limit": 2})"), "b0 b3");
  EXPECT_EQ(found("{" + uri + R"(, "query": "fox", "top_k": 2})"), "b0 b3");
  EXPECT_EQ(found("{" + uri + R"(, "query": 5})"), "");
  EXPECT_EQ(
      found(
          R"({"feature_uris": [{"uri": "mem://words@v1/title", "input": {"text": "fox"}}]})"),
      "b0 b3 b1");
  EXPECT_EQ(found(R"({"feature_uris": ["mem://words@v1/title"], "query": "fox"})"),
            "b0 b3 b1");
  EXPECT_EQ(found(R"({"searches": [{"feature_uri": "mem://words@v1/body", "query": "fox"}],
                      "final_top_k": 1})"),
            "b1");
}

TEST(FeatureSearch, ASingleFeatureNeedsNoUri) {
  FakeCorpus corpus;
  corpus.add("one", {"title"}).add("d", R"({"title": "fox"})");
  EXPECT_EQ(ids(corpus.run("feature_search", R"({"query": "fox"})")->candidates), "d");
  const auto many = search(R"({"searches": [{"query": "fox"}]})");
  EXPECT_EQ(many.error().code, ErrorCode::invalid);
  EXPECT_EQ(many.error().location, "stages[0].config.parameters.searches[0].feature_uri");
  EXPECT_NE(many.error().message.find(kTitle), std::string::npos);
  EXPECT_NE(many.error().message.find(kBody), std::string::npos);
}

TEST(FeatureSearch, AnUnknownFeatureNamesTheKnownOnes) {
  const std::string parameters =
      R"({"query": "fox", "feature_uri": "mem://words@v1/titel"})";
  const auto ran = search(parameters);
  EXPECT_EQ(ran.error().code, ErrorCode::invalid);
  EXPECT_EQ(ran.error().location, "stages[0].config.parameters.feature_uri");
  EXPECT_NE(ran.error().message.find(kTitle), std::string::npos);
  // And before anything runs.
  const FakeCorpus corpus = library();
  BindContext context = corpus.context();
  EXPECT_EQ(make_stage("feature_search", parameters)->bind(context).error().message,
            ran.error().message);
  EXPECT_TRUE(make_stage("feature_search", R"({"query": "fox", "feature_uri":
    "mem://words@v1/title"})")
                  ->bind(context));
}

TEST(FeatureSearch, ValidationWaitsForTemplates) {
  const FakeCorpus corpus = library();
  BindContext context = corpus.context();
  for (const char* parameters :
       {R"({"query": "fox", "feature_uri": "{{INPUT.uri}}"})",
        R"({"query": "fox", "collection_identifiers": ["{{INPUT.collection}}"]})",
        R"({"searches": "{{INPUT.searches}}"})"}) {
    const json::value value = parse(parameters);
    ObjectReader in(value.get_object(), "p", ObjectReader::Templates::allowed);
    const auto made = registry().find("feature_search", "x").value()->make(in);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_TRUE((*made)->bind(context)) << parameters;
  }
}

TEST(FeatureSearch, FusesSeveralSearches) {
  const std::string searches = R"("searches": [
    {"feature_uri": "mem://words@v1/title", "query": "fox", "weight": 0.5},
    {"feature_uri": "mem://words@v1/body", "query": "fox", "weight": 1}])";
  const auto output = search("{" + searches + "}");
  // Title: b0 b3 b1. Body: b1 b2.
  EXPECT_EQ(ids(output->candidates), "b1 b0 b3 b2");
  EXPECT_DOUBLE_EQ(*output->candidates[0].score, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*output->candidates[1].score, 1.0 / 3);
  EXPECT_EQ(
      output->candidates[0].fields->at("features"),
      parse(
          R"({"mem://words@v1/title": {"score": 0.1}, "mem://words@v1/body": {"score": 0.2}})"));
  EXPECT_EQ(output->candidates[1].fields->at("features"),
            parse(R"({"mem://words@v1/title": {"score": 0.3}})"));

  const auto weighted = search("{" + searches + R"(, "fusion": "weighted"})");
  EXPECT_EQ(ids(weighted->candidates), "b1 b0 b3 b2");
  EXPECT_DOUBLE_EQ(*weighted->candidates[0].score, 0.25);
  EXPECT_EQ(found("{" + searches + R"(, "fusion": "max"})"), "b0 b3 b1 b2");
  EXPECT_EQ(found("{" + searches + R"(, "final_top_k": 2})"), "b1 b0");
}

TEST(FeatureSearch, LearnedFusionIsRrfWithAWarning) {
  const auto output = search(R"({"fusion": "learned", "learning_config": {}, "searches": [
    {"feature_uri": "mem://words@v1/title", "query": "fox"},
    {"feature_uri": "mem://words@v1/body", "query": "fox"}]})");
  EXPECT_EQ(ids(output->candidates), "b1 b0 b3 b2");
  ASSERT_EQ(output->warnings.size(), 1u);
  EXPECT_NE(output->warnings[0].find("rrf"), std::string::npos);
  EXPECT_EQ(read_error("feature_search", R"({"fusion": "learned"})").location,
            "stages[0].config.parameters.learning_config");
  EXPECT_EQ(read_error("feature_search", R"({"fusion": "learnt"})").location,
            "stages[0].config.parameters.fusion");
}

TEST(FeatureSearch, AFieldCalledFeaturesIsLeftAlone) {
  FakeCorpus corpus;
  corpus.add("c", {"title", "body"})
      .add("d", R"({"title": "fox", "body": "fox", "features": ["mine"]})");
  const auto output = corpus.run("feature_search", R"({"searches": [
    {"feature_uri": "mem://words@v1/title", "query": "fox"},
    {"feature_uri": "mem://words@v1/body", "query": "fox"}]})");
  EXPECT_EQ(output->candidates[0].fields->at("features"), parse(R"(["mine"])"));
  EXPECT_EQ(output->warnings.size(), 1u);
}

TEST(FeatureSearch, FinalTopKIsClampedNotRefused) {
  const auto output = search(R"({"final_top_k": 10, "searches": [
    {"feature_uri": "mem://words@v1/title", "query": "fox", "top_k": 2}]})");
  EXPECT_EQ(output->candidates.size(), 2u);
  EXPECT_EQ(output->warnings.size(), 1u);
}

TEST(FeatureSearch, FiltersOfStageAndSearchAreBothKept) {
  const std::string head = R"({"feature_uri": "mem://words@v1/title", "query": "fox", )";
  EXPECT_EQ(found(head + R"("filters": {"kind": "x"}})"), "b0 b1");
  EXPECT_EQ(found(head + R"("pre_filters": {"kind": "Y"}})"), "b3");
  EXPECT_EQ(found(head + R"("filters": {}})"), "b0 b3 b1");
  EXPECT_EQ(found(R"({"filters": {"tags": "p"}, "searches": [
    {"feature_uri": "mem://words@v1/title", "query": "fox",
     "filters": {"kind": "x"}, "pre_filters": {"body": "dog"}}]})"),
            "b0");
  EXPECT_EQ(read_error("feature_search", R"({"searches": [{"query": "x", "filters":
    {"AND": [{"field": "a", "operator": "eqq", "value": 1}]}}]})")
                .location,
            "stages[0].config.parameters.searches[0].filters.AND[0].operator");
}

TEST(FeatureSearch, WithoutSearchesDocumentsComeAsTheyArrived) {
  const auto output = search(R"({"searches": [], "filters": {"kind": "y"}})");
  EXPECT_EQ(ids(output->candidates), "b2 b3");
  EXPECT_EQ(output->candidates[0].score, std::nullopt);
  EXPECT_EQ(to_json(output->candidates[0]).at("score"), 0.0);
  EXPECT_EQ(found("{}"), "b0 b1 b2 b3 b4");
  EXPECT_EQ(found(R"({"final_top_k": 2})"), "b0 b1");
}

TEST(FeatureSearch, MinScoreIsAPartOfTheBest) {
  const std::string head = R"({"feature_uri": "mem://words@v1/title", "query": "fox", )";
  EXPECT_EQ(found(head + R"("min_score": 0.5})"), "b0 b3");
  EXPECT_EQ(found(head + R"("min_score": 1})"), "b0");
  EXPECT_EQ(found(head + R"("min_score": 0})"), "b0 b3 b1");
}

TEST(FeatureSearch, AnEmptyQueryDoesWhatItIsTold) {
  const std::string base(kLocation);
  for (const char* query :
       {"null", "\"\"", "\"  \"", R"({"input_mode": "text", "value": null})"}) {
    const std::string body =
        std::string(R"("feature_uri": "mem://words@v1/title", "query": )") + query;
    const Error error = read_error("feature_search", "{\"searches\": [{" + body + "}]}",
                                   ObjectReader::Templates::refused);
    EXPECT_EQ(error.code, ErrorCode::invalid) << query;
    EXPECT_EQ(error.location, base + ".searches[0].query");
    EXPECT_EQ(found("{" + body + R"(, "on_empty": "skip"})"), "");
    EXPECT_EQ(
        search("{" + body + R"(, "on_empty": "random", "top_k": 3})")->candidates.size(),
        3u);
  }
  // Skipping one search leaves the other, with its own scores.
  const auto output = search(R"({"searches": [
    {"feature_uri": "mem://words@v1/title", "query": null, "on_empty": "skip"},
    {"feature_uri": "mem://words@v1/body", "query": "fox"}]})");
  EXPECT_EQ(ids(output->candidates), "b1 b2");
  EXPECT_EQ(*output->candidates[0].score, 0.2);
  EXPECT_EQ(output->warnings.size(), 1u);
}

TEST(FeatureSearch, RandomDocumentsStayWithinTheFilters) {
  std::set<std::string> seen;
  for (int i = 0; i < 60; ++i) {
    seen.insert(found(R"({"feature_uri": "mem://words@v1/title", "query": "", "top_k": 1,
                          "on_empty": "random", "filters": {"kind": "x"}})"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"b0", "b1"}));
}

TEST(FeatureSearch, TheMostSpecificScopeWins) {
  FakeCorpus corpus;
  corpus.add("a", {"title"}).add("a0", R"({"title": "fox"})");
  corpus.add("b", {"title"}, true).add("b0", R"({"title": "fox fox"})");
  corpus.add("c", {"title"}, true).add("c0", R"({"title": "fox fox fox"})");
  const auto run = [&](std::string_view parameters) {
    return ids(corpus.run("feature_search", parameters).value().candidates);
  };
  EXPECT_EQ(run(R"({"query": "fox"})"), "a0");
  EXPECT_EQ(run(R"({"query": "fox", "collection_identifiers": ["b"]})"), "b0");
  EXPECT_EQ(run(R"({"collection_ids": ["a", "col_b", "b", "c"], "query": "fox"})"),
            "c0 b0 a0");
  EXPECT_EQ(run(R"({"collection_identifiers": ["b"], "searches": [
    {"query": "fox", "collection_identifiers": ["c"]}, {"query": "fox"}], "fusion": "max"})"),
            "c0 b0");
  EXPECT_EQ(corpus.run("feature_search", R"({"query": "fox", "collection_ids": ["z"]})")
                .error()
                .code,
            ErrorCode::not_found);
}

TEST(FeatureSearch, ACollectionWithoutTheFeatureIsAWarning) {
  FakeCorpus corpus;
  corpus.add("a", {"title"}).add("a0", R"({"title": "fox"})");
  corpus.add("b", {"body"}).add("b0", R"({"title": "fox"})");
  const auto output = corpus.run("feature_search", R"({"query": "fox", "feature_uri":
    "mem://words@v1/title"})");
  EXPECT_EQ(ids(output->candidates), "a0");
  ASSERT_EQ(output->warnings.size(), 1u);
  EXPECT_NE(output->warnings[0].find("'b'"), std::string::npos);
}

TEST(FeatureSearch, NoCollectionIsAnError) {
  for (const char* parameters : {R"({"query": "fox"})", "{}"}) {
    BindContext context = FakeCorpus().context();
    EXPECT_EQ(make_stage("feature_search", parameters)->bind(context).error().code,
              ErrorCode::invalid);
    EXPECT_EQ(FakeCorpus().run("feature_search", parameters).error().code,
              ErrorCode::invalid);
  }
}

TEST(FeatureSearch, FacetsCountEverythingTheFiltersLetThrough) {
  const auto output = search(R"({"feature_uri": "mem://words@v1/title", "query": "dog",
    "facets": ["kind", {"key": "tags", "limit": 1}, {"key": "n"}, "missing", "collection_id"]})");
  EXPECT_EQ(ids(output->candidates), "b2");
  // Ties by value; an array counts each of its values once; 3 and 3.0 are one value.
  EXPECT_EQ(json::value(*output->facets), parse(R"({
    "kind": [{"value": "x", "count": 2}, {"value": "y", "count": 2}],
    "tags": [{"value": "p", "count": 2}],
    "n": [{"value": 3, "count": 2}], "missing": [],
    "collection_id": [{"value": "col_books", "count": 5}]})"));
  EXPECT_EQ(
      json::value(
          search(R"({"filters": {"kind": "x"}, "facets": ["tags"]})")->facets.value()),
      parse(R"({"tags": [{"value": "p", "count": 2}, {"value": "q", "count": 1}]})"));
  // Several searches: what any of their filters lets through.
  EXPECT_EQ(search(R"({"facets": ["kind"], "searches": [
      {"feature_uri": "mem://words@v1/title", "query": "fox", "filters": {"tags": "p"}},
      {"feature_uri": "mem://words@v1/title", "query": "fox", "filters": {"body": "dog"}}]})")
                ->facets.value(),
            parse(R"({"kind": [{"value": "x", "count": 2}]})"));
}

TEST(FeatureSearch, GroupsTheBestFirst) {
  const std::string head = R"({"feature_uri": "mem://words@v1/title", "query": "fox", )";
  const auto output = search(head + R"("group_by": {"field": "kind", "group_size": 5}})");
  ASSERT_EQ(output->candidates.size(), 2u);
  EXPECT_EQ(output->candidates[0].fields->at("group_key"), "x");
  EXPECT_EQ(output->candidates[0].fields->at("count"), 2);
  EXPECT_EQ(output->candidates[0].fields->at("documents").at(1).at("document_id"), "b1");
  EXPECT_EQ(output->candidates[0].score, 0.3);
  EXPECT_EQ(output->metadata.at("total_groups"), 2);
  EXPECT_EQ(found(head + R"("group_by": {"field": "kind", "output_mode": "first"}})"),
            "b0 b3");
  EXPECT_EQ(found(head + R"("group_by": {"field": "kind", "output_mode": "flatten",
                            "max_per_group": 2}})"),
            "b0 b1 b3");
  // The limit of groups takes the place of final_top_k.
  EXPECT_EQ(found(head +
                  R"("final_top_k": 1, "group_by": {"field": "kind", "output_mode": "first",
                            "limit": 2}})"),
            "b0 b3");
  EXPECT_EQ(found(R"({"group_by": {"field": "kind", "output_mode": "first"}})"),
            "b0 b2 b4");
}

TEST(FeatureSearch, WarnsThatItReplacesWhatCameBefore) {
  const auto output =
      library().run("feature_search", R"({"final_top_k": 1})", {candidate("x", "{}")}, 1);
  EXPECT_EQ(ids(output->candidates), "b0");
  EXPECT_EQ(output->warnings.size(), 1u);
}

TEST(FeatureSearch, ContentHasNoModel) {
  for (const char* query : {R"({"input_mode": "content", "value": "https://e.org/a.png"})",
                            R"({"input_mode": "multi_content", "values": ["a"]})",
                            R"({"content": {"url": "https://example.org/a.png"}})"}) {
    const Error error = read_error(
        "feature_search", std::string(R"({"searches": [{"query": )") + query + "}]}");
    EXPECT_EQ(error.code, ErrorCode::not_enabled) << query;
    EXPECT_EQ(error.location, "stages[0].config.parameters.searches[0].query");
  }
}

TEST(FeatureSearch, NamesTheParameterThatIsWrong) {
  const std::string base(kLocation);
  const auto location = [](std::string_view parameters) {
    return read_error("feature_search", parameters).location;
  };
  EXPECT_EQ(location(R"({"searches": [{"query": "a"}, {"query": "a", "top_k": 5001}]})"),
            base + ".searches[1].top_k");
  EXPECT_EQ(location(R"({"searches": [{"feature_uri": "a"}]})"),
            base + ".searches[0].query");
  EXPECT_EQ(location(R"({"searches": [{"feature_uri": "", "query": "a"}]})"),
            base + ".searches[0].feature_uri");
  EXPECT_EQ(location(R"({"searches": [5]})"), base + ".searches[0]");
  EXPECT_EQ(location(R"({"searches": {}})"), base + ".searches");
  EXPECT_EQ(location(R"({"searches": [1,2,3,4,5,6,7,8,9,10,11]})"), base + ".searches");
  EXPECT_EQ(location(R"({"searches": [{"query": {"input_mode": "txt", "value": "a"}}]})"),
            base + ".searches[0].query.input_mode");
  EXPECT_EQ(location(R"({"searches": [{"query": {"value": {}}}]})"),
            base + ".searches[0].query.value");
  EXPECT_EQ(location(R"({"searches": [{"query": {}}]})"),
            base + ".searches[0].query.value");
  EXPECT_EQ(location(R"({"query": "a", "min_score": 2})"), base + ".min_score");
  EXPECT_EQ(location(R"({"query": "a", "weight": -1})"), base + ".weight");
  EXPECT_EQ(location(R"({"query": "a", "on_empty": "fail"})"), base + ".on_empty");
  EXPECT_EQ(location(R"({"final_top_k": 5001})"), base + ".final_top_k");
  EXPECT_EQ(location(R"({"facets": [{}]})"), base + ".facets[0].key");
  EXPECT_EQ(location(R"({"facets": [{"key": "a", "limit": 0}]})"),
            base + ".facets[0].limit");
  EXPECT_EQ(location(R"({"group_by": {}})"), base + ".group_by.field");
  EXPECT_EQ(location(R"({"group_by": {"field": "a", "limit": 501}})"),
            base + ".group_by.limit");
  EXPECT_EQ(location(R"({"cache_behavior": "on"})"), base + ".cache_behavior");
  EXPECT_EQ(location(R"({"cache_ttl_seconds": -1})"), base + ".cache_ttl_seconds");
  EXPECT_EQ(location(R"({"learning_config": {"prior_alpha": 0}})"),
            base + ".learning_config.prior_alpha");
  EXPECT_EQ(location(R"({"query_preprocessing": {"max_chunks": 0}})"),
            base + ".query_preprocessing.max_chunks");
}

TEST(FeatureSearch, TemplatesStandForAnything) {
  for (const char* parameters :
       {R"({"query": "{{INPUT.query}}", "final_top_k": "{{INPUT.n}}"})",
        R"({"searches": [{"query": {"input_mode": "text", "value": "{{INPUT.query}}"},
                          "top_k": "{{INPUT.k}}", "filters": "{{INPUT.filters}}"}]})",
        R"({"searches": [{"query": "{{INPUT.query}}", "feature_uri": "{{INPUT.uri}}"}],
            "group_by": "{{INPUT.group}}", "facets": ["{{INPUT.facet}}"]})"}) {
    EXPECT_EQ(read_error("feature_search", parameters).message, "") << parameters;
  }
}

TEST(FeatureSearch, UnknownKeysAreNotErrors) {
  const auto output = search(R"({"searches": [
    {"feature_uri": "mem://words@v1/title", "query": "fox", "ef": 5}]})");
  ASSERT_EQ(output->warnings.size(), 1u);
  EXPECT_NE(output->warnings[0].find("searches[0].ef"), std::string::npos);
  EXPECT_EQ(unread_keys("feature_search", R"({"query": "a", "colour": 1})"),
            std::vector<std::string>{"colour"});
}

TEST(FeatureSearch, LeavesTheFieldScoreWhereItGivesNoneItself) {
  FakeCorpus corpus;
  corpus.add("one", {"title"})
      .add("a", R"({"title": "red", "score": 7, "items": [{"n": "x"}, {"n": "y"}]})")
      .add("b", R"({"title": "red red", "score": 8, "items": [{"n": "y"}]})");
  const auto read = corpus.run("feature_search", R"({"facets": ["score", "items.n"]})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->warnings.empty());
  EXPECT_EQ(to_json(read->candidates[0]).at("score"), 7);
  EXPECT_EQ(json::value(*read->facets),
            parse(R"({"score": [{"value": 7, "count": 1}, {"value": 8, "count": 1}],
                      "items.n": [{"value": "y", "count": 2}, {"value": "x", "count": 1}]})"));
  EXPECT_EQ(
      ids(run_stage("attribute_filter", R"({"conditions": {"score": 8}})", read->candidates)
              .candidates),
      "b");
  const auto found = corpus.run("feature_search", R"({"query": "red"})");
  ASSERT_TRUE(found);
  EXPECT_EQ(to_json(found->candidates[0]).at("score"), 0.2);
  ASSERT_EQ(found->warnings.size(), 1u);
  EXPECT_NE(found->warnings[0].find("'score'"), std::string::npos);
  // The filters of a search come before its scores.
  EXPECT_EQ(
      ids(corpus.run("feature_search", R"({"query": "red", "filters": {"score": 7}})")
              ->candidates),
      "a");
}

}  // namespace
}  // namespace trawl::feature_search_test
