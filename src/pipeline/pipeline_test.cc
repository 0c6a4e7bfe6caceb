#include "pipeline/pipeline.h"

#include <gtest/gtest.h>

namespace trawl::pipeline_test {
namespace {

// A stage that takes one integer, `n`, from 1 to 10.
class Counting final : public Stage {
 public:
  StageTraits traits() const override { return {}; }
  FieldSet fields_read() const override { return {}; }
  Result<Loss> explain_loss(const LostDocument&, StageRun&) const override {
    return Loss();
  }
  Result<StageOutput> run(CandidateList, StageRun&) const override { return StageOutput(); }
};

Result<std::unique_ptr<Stage>> make_counting(ObjectReader& in) {
  (void)in.integer({"n"}, 1, 1, 10);
  (void)in.string({"label"});
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::make_unique<Counting>());
}

Result<std::unique_ptr<Stage>> make_reading(ObjectReader& in) {
  (void)in.find({"conditions"});
  return std::unique_ptr<Stage>(std::make_unique<Counting>());
}

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() {
    static constexpr std::string_view kAliases[] = {"tally"};
    StageDefinition count;
    count.stage_id = "count";
    count.aliases = kAliases;
    count.category = "reduce";
    count.parameter_schema = "{}";
    count.make = make_counting;
    registry_.add(count);
    StageDefinition read = count;
    read.aliases = {};
    read.stage_id = "attribute_filter";
    read.reads_collections = true;
    read.filter_parameter = "conditions";
    read.make = make_reading;
    registry_.add(read);
    registry_.add_not_enabled("rerank");
  }

  Result<Pipeline> parse(std::string_view text) {
    body_ = parse_json(text).value().get_object();
    ObjectReader in(body_, {});
    return parse_pipeline(in, registry_);
  }

  std::string refused_at(std::string_view text) {
    const auto pipeline = parse(text);
    return pipeline ? "(accepted)" : pipeline.error().location;
  }

  StageRegistry registry_;
  json::object body_;
};

constexpr std::string_view kNormal =
    R"({"collection_identifiers":[],"input_schema":{},"stages":[{"stage_name":"s",)"
    R"("stage_type":"reduce","config":{"stage_id":"count","parameters":{"n":3}}}]})";

TEST_F(PipelineTest, EveryShapeOfAStageBecomesTheSame) {
  for (
      const char* text :
      {R"({"stages":[{"stage_name":"s","config":{"stage_id":"count","parameters":{"n":3}}}]})",
       R"({"stages":[{"stage_name":"s","stage_type":"sort","config":{"stage_id":"tally",
            "parameters":{"n":3}}}]})",
       R"({"stages":[{"stage_type":"reduce","stage_id":"count","stage_name":"s",
            "parameters":{"n":3}}]})",
       R"({"stages":[{"type":"count","name":"s","n":3}]})"}) {
    const auto pipeline = parse(text);
    ASSERT_TRUE(pipeline) << text << pipeline.error().message;
    EXPECT_EQ(canonical_json(pipeline->to_json()),
              canonical_json(parse_json(kNormal).value()))
        << text;
  }
}

TEST_F(PipelineTest, TheOldestShapeNamesTheStageByItsId) {
  const auto pipeline =
      parse(R"({"stages":[{"stage_name":"count","version":"v1","parameters":{}}]})");
  ASSERT_TRUE(pipeline);
  EXPECT_EQ(pipeline->stages[0].definition->stage_id, "count");
}

TEST_F(PipelineTest, EqualNamesGetSuffixesThatFit) {
  const std::string name = std::string(200, 'x') + "é";  // One character too many.
  EXPECT_EQ(refused_at(R"({"stages":[{"stage_name":")" + name +
                       R"(","config":{"stage_id":"count"}}]})"),
            "stages[0].stage_name");
  const std::string fits = std::string(197, 'x') + "éée";  // 202 bytes.
  const std::string stage =
      R"({"stage_name":")" + fits + R"(","config":{"stage_id":"count"}})";
  const auto pipeline = parse(R"({"stages":[)" + stage + "," + stage + "]}");
  ASSERT_TRUE(pipeline);
  EXPECT_EQ(pipeline->stages[1].stage_name, std::string(197, 'x') + "é_2");
}

TEST_F(PipelineTest, ErrorsNameThePlace) {
  EXPECT_EQ(refused_at("{}"), "stages");
  EXPECT_EQ(refused_at(R"({"stages":[]})"), "stages");
  EXPECT_EQ(refused_at(R"({"stages":[7]})"), "stages[0]");
  EXPECT_EQ(refused_at(R"({"stages":[{}]})"), "stages[0].config");
  EXPECT_EQ(refused_at(R"({"stages":[{"type":"count"},{"type":"cuont"}]})"),
            "stages[1].type");
  EXPECT_EQ(
      refused_at(R"({"stages":[{"config":{"stage_id":"count","parameters":{"n":11}}}]})"),
      "stages[0].config.parameters.n");
  EXPECT_EQ(refused_at(R"({"stages":[{"type":"count","label":"{{INPUT."}]})"),
            "stages[0].label");
  EXPECT_EQ(
      refused_at(R"({"stages":[{"type":"count"}],"budget_limits":{"max_credits":-1}})"),
      "budget_limits.max_credits");
  EXPECT_EQ(parse(R"({"stages":[{"type":"rerank"}]})").error().code,
            ErrorCode::not_enabled);
  EXPECT_NE(parse(R"({"stages":[{"type":"cuont"}]})").error().message.find("'count'"),
            std::string::npos);
}

TEST_F(PipelineTest, ATemplateStandsForAnyValueUntilItIsRendered) {
  EXPECT_TRUE(parse(R"({"stages":[{"type":"count","n":"{{INPUT.n}}"}]})"));
  EXPECT_EQ(refused_at(R"({"stages":[{"type":"count","n":"7"}]})"), "stages[0].n");
}

TEST_F(PipelineTest, UnknownParametersAreNamedInWarnings) {
  const auto pipeline = parse(R"({"stages":[{"type":"count","colour":3}]})");
  ASSERT_TRUE(pipeline);
  ASSERT_EQ(pipeline->warnings.size(), 1u);
  EXPECT_NE(pipeline->warnings[0].find("stages[0].colour"), std::string::npos);
}

TEST_F(PipelineTest, ASlipIsToldBeforeWhatIsMissing) {
  EXPECT_EQ(refused_at(R"({"stages":[{"config":{"stageId":"count"}}]})"),
            "stages[0].config.stageId");
}

TEST_F(PipelineTest, UnknownKeysOfAStageAreNamedInWarnings) {
  const auto pipeline = parse(
      R"({"stages":[{"stage_name":"s","output_alias":"a","description":"d","on_error":null,
          "config":{"stage_id":"count","colour":1}}]})");
  ASSERT_TRUE(pipeline);
  ASSERT_EQ(pipeline->warnings.size(), 2u);
  EXPECT_EQ(pipeline->warnings[0].substr(0, 23), "stages[0].config.colour");
  EXPECT_EQ(pipeline->warnings[1].substr(0, 22), "stages[0].output_alias");
}

TEST_F(PipelineTest, OnErrorIsPartOfTheStageInEveryShape) {
  for (const char* text :
       {R"({"stages":[{"config":{"stage_id":"count"},"on_error":"skip"}]})",
        R"({"stages":[{"stage_id":"count","parameters":{},"on_error":"skip"}]})",
        R"({"stages":[{"type":"count","on_error":"skip"}]})"}) {
    const auto pipeline = parse(text);
    ASSERT_TRUE(pipeline) << text;
    EXPECT_TRUE(pipeline->stages[0].skip_on_error) << text;
    EXPECT_TRUE(pipeline->warnings.empty()) << text;
    EXPECT_EQ(pipeline->to_json().at("stages").at(0).at("on_error"), "skip") << text;
  }
  const auto usual = parse(R"({"stages":[{"type":"count","on_error":"error"}]})");
  ASSERT_TRUE(usual);
  // What does not differ keeps its fingerprint.
  EXPECT_FALSE(usual->to_json().at("stages").at(0).get_object().contains("on_error"));
  EXPECT_EQ(refused_at(R"({"stages":[{"type":"count","on_error":"cry"}]})"),
            "stages[0].on_error");
}

TEST_F(PipelineTest, CollectionsOfStagesServeTheRequestThatNamesNone) {
  EXPECT_EQ(parse(R"({"stages":[{"type":"count","collection_ids":["a","b"]}]})")
                ->collection_identifiers,
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse(R"({"collection_ids":["c"],"stages":[{"type":"count",
                     "collection_ids":["a"]}]})")
                ->collection_identifiers,
            (std::vector<std::string>{"c"}));
}

TEST_F(PipelineTest, TheShapeForgetsConstantsAndTheFingerprintDoesNot) {
  const auto three = parse(R"({"stages":[{"type":"count","n":3}]})");
  const auto four = parse(R"({"stages":[{"type":"count","n":4}]})");
  const auto labelled = parse(R"({"stages":[{"type":"count","n":4,"label":"x"}]})");
  EXPECT_NE(three->to_json(), four->to_json());
  EXPECT_EQ(shape_of(*three), shape_of(*four));
  EXPECT_NE(shape_of(*four), shape_of(*labelled));
}

TEST_F(PipelineTest, FiltersBesideTheParametersAreKeptWithTheirPlaces) {
  const std::string filter = R"({"a":1})";
  for (const auto& [text, location] : std::vector<std::pair<std::string, std::string>>{
           {R"({"config":{"stage_id":"count","pre_filters":@}})",
            "stages[0].config.pre_filters"},
           {R"({"config":{"stage_id":"count","parameters":{"pre_filters":@}}})",
            "stages[0].config.parameters.pre_filters"},
           {R"({"config":{"stage_id":"count"},"pre_filters":@})", "stages[0].pre_filters"},
           {R"({"stage_id":"count","parameters":{},"pre_filters":@})",
            "stages[0].pre_filters"},
           {R"({"type":"count","pre_filters":@})", "stages[0].pre_filters"}}) {
    std::string stage = text;
    stage.replace(stage.find('@'), 1, filter);
    const auto pipeline = parse(R"({"stages":[)" + stage + "]}");
    ASSERT_TRUE(pipeline) << text << pipeline.error().message;
    EXPECT_TRUE(pipeline->warnings.empty());
    ASSERT_EQ(pipeline->stages[0].pre_filters.size(), 1u) << text;
    EXPECT_EQ(pipeline->stages[0].pre_filters[0].location, location);
    // In the normal form, whatever was sent.
    const auto shown = pipeline->to_json().at("stages").at(0).at("config");
    EXPECT_EQ(to_json_text(shown.at("pre_filters")), filter);
    EXPECT_FALSE(shown.at("parameters").get_object().contains("pre_filters"));
    std::string bad = text;
    bad.replace(bad.find('@'), 1, R"({"field":"a","operator":"eqq","value":1})");
    EXPECT_EQ(refused_at(R"({"stages":[)" + bad + "]}"), location + ".operator");
    bad = text;
    bad.replace(bad.find('@'), 1, R"({"a":"{{INPUT."})");
    EXPECT_EQ(refused_at(R"({"stages":[)" + bad + "]}"), location + ".a");
  }
}

TEST_F(PipelineTest, FiltersOfTheRequestGoToWhatReads) {
  const auto reading = parse(
      R"({"filters":{"a":1},"pre_filters":{"b":2},"stages":[{"type":"attribute_filter"}]})");
  ASSERT_TRUE(reading);
  ASSERT_EQ(reading->stages.size(), 1u);
  ASSERT_EQ(reading->stages[0].pre_filters.size(), 2u);
  EXPECT_EQ(reading->stages[0].pre_filters[0].location, "filters");
  EXPECT_EQ(reading->stages[0].pre_filters[1].location, "pre_filters");
  const auto counting = parse(R"({"filters":{"a":1},"stages":[{"type":"count"}]})");
  ASSERT_TRUE(counting);
  ASSERT_EQ(counting->stages.size(), 2u);
  EXPECT_EQ(counting->stages[0].stage_name, "request_filters");
  EXPECT_EQ(counting->stages[0].pre_filters[0].location, "filters");
  EXPECT_EQ(counting->stages[1].location, "stages[0]");
  // Stages keep the places that they were sent at.
  EXPECT_EQ(refused_at(R"({"filters":{"a":1},"stages":[{"type":"count"},
                          {"type":"count","n":11}]})"),
            "stages[1].n");
  EXPECT_EQ(refused_at(R"({"filters":[],"stages":[{"type":"count"}]})"), "filters");
}

TEST_F(PipelineTest, ASlipIsNotIgnored) {
  for (const auto& [text, location] : std::vector<std::pair<const char*, const char*>>{
           {R"({"stages":[{"type":"count","N":3}]})", "stages[0].N"},
           {R"({"stages":[{"type":"count","lable":"x"}]})", "stages[0].lable"},
           {R"({"stages":[{"config":{"stage_id":"count","parameter":{"n":3}}}]})",
            "stages[0].config.parameter"},
           {R"({"stages":[{"stage_id":"count","parameters":{},"onError":"skip"}]})",
            "stages[0].onError"}}) {
    EXPECT_EQ(refused_at(text), location);
    EXPECT_NE(parse(text).error().message.find("did you mean '"), std::string::npos);
  }
  // Null is as good as absent, and what is far from everything is named.
  const auto others = parse(R"({"stages":[{"type":"count","lable":null,"colour":1}]})");
  ASSERT_TRUE(others);
  EXPECT_EQ(others->warnings.size(), 1u);
}

TEST_F(PipelineTest, WhatReadsLikeAFilterIsNotIgnored) {
  for (const char* name : {"filter", "Filters", "post_filter", "pre_filtre", "condition",
                           "where", "when", "search_filters", "query_filter"}) {
    const std::string member = std::string("\"") + name + R"(":{"a":1})";
    for (const auto& [text, location] : std::vector<std::pair<std::string, std::string>>{
             {R"({"stages":[{"type":"count",@}]})", "stages[0]."},
             {R"({"stages":[{"config":{"stage_id":"count",@}}]})", "stages[0].config."},
             {R"({"stages":[{"config":{"stage_id":"count","parameters":{@}}}]})",
              "stages[0].config.parameters."},
             {R"({"stages":[{"type":"count"}],@})", ""}}) {
      std::string body = text;
      body.replace(body.find('@'), 1, member);
      EXPECT_EQ(refused_at(body), location + name) << body;
    }
  }
  EXPECT_TRUE(parse(R"({"stages":[{"type":"count","colour":1}],"settings":{}})"));
}

}  // namespace
}  // namespace trawl::pipeline_test
