#include "stages/register_stages.h"

#include <set>

#include "stages/stage_test_support.h"

namespace trawl::register_stages_test {
namespace {

using namespace stage_test;

TEST(RegisterStages, EveryStageIsCompleteAndItsSchemaIsJson) {
  const std::set<std::string_view> categories = {"filter", "sort", "reduce", "apply",
                                                 "enrich"};
  for (const auto& definition : registry().definitions()) {
    SCOPED_TRACE(definition.stage_id);
    EXPECT_TRUE(categories.contains(definition.category));
    EXPECT_FALSE(definition.description.empty());
    EXPECT_FALSE(definition.icon.empty());
    EXPECT_NE(definition.make, nullptr);
    const auto schema = parse_json(definition.parameter_schema);
    ASSERT_TRUE(schema) << schema.error().message;
    for (const auto& property : schema->at("properties").get_object()) {
      EXPECT_TRUE(property.value().get_object().contains("description")) << property.key();
    }
  }
  EXPECT_EQ(registry().definitions().size(), 10u);
}

// What a stage takes to satisfy its required parameters.
json::object required_parameters(std::string_view stage_id) {
  if (stage_id == "deduplicate") return {{"fields", {"a"}}};
  if (stage_id == "aggregate") {
    return {{"aggregations", {{{"function", "count"}, {"alias", "n"}}}}};
  }
  return {};
}

// Goal: the schema that clients build forms from and the code that reads the parameters
// tell the same story. Method: send every property its default and its bounds, and one
// step beyond them.
TEST(RegisterStages, SchemasAgreeWithTheReaders) {
  for (const auto& definition : registry().definitions()) {
    const json::value schema = parse(definition.parameter_schema);
    for (const auto& property : schema.at("properties").get_object()) {
      const auto attempt = [&](const json::value& value) {
        json::object parameters = required_parameters(definition.stage_id);
        parameters[property.key()] = value;
        if (property.key() == "strategy" && value == "stratified") {
          parameters["stratify_by"] = "a";
        }
        if (property.key() == "fusion") parameters["learning_config"] = json::object();
        return read_error(definition.stage_id, to_json_text(parameters),
                          ObjectReader::Templates::refused);
      };
      SCOPED_TRACE(std::string(definition.stage_id) + "." + std::string(property.key()));
      const auto& about = property.value().get_object();
      if (const auto* value = about.if_contains("default")) {
        EXPECT_EQ(attempt(*value).message, "");
      }
      if (const auto* words = about.if_contains("enum")) {
        for (const auto& word : words->get_array()) {
          EXPECT_EQ(attempt(word).message, "") << word;
        }
        // The one place where the contract falls back instead of refusing.
        if (definition.stage_id != "sort_attribute") {
          EXPECT_NE(attempt("no such word").message, "");
        }
      }
      if (const auto* minimum = about.if_contains("minimum")) {
        EXPECT_EQ(attempt(*minimum).message, "");
        EXPECT_EQ(attempt(as_double(*minimum) - 1).location,
                  std::string(kLocation) + "." + std::string(property.key()));
      }
      if (const auto* maximum = about.if_contains("maximum")) {
        EXPECT_EQ(attempt(*maximum).message, "");
        EXPECT_EQ(attempt(as_double(*maximum) + 1).code, ErrorCode::invalid);
      }
      json::object parameters = required_parameters(definition.stage_id);
      parameters[property.key()] = nullptr;
      if (!required_parameters(definition.stage_id).contains(property.key())) {
        EXPECT_EQ(unread_keys(definition.stage_id, to_json_text(parameters)),
                  std::vector<std::string>());
        parameters[property.key()] = "{{INPUT.x}}";
        EXPECT_EQ(read_error(definition.stage_id, to_json_text(parameters)).message, "");
      }
    }
  }
}

TEST(RegisterStages, OlderNamesFindTheirStage) {
  EXPECT_EQ(registry().find("hybrid_search", "x").value()->stage_id, "feature_search");
  EXPECT_EQ(registry().find("knn_search", "x").value()->stage_id, "feature_search");
  EXPECT_EQ(registry().find("semantic_search", "x").value()->stage_id, "feature_search");
  EXPECT_EQ(registry().find("feature_filter", "x").value()->stage_id, "feature_search");
  EXPECT_EQ(registry().find("structured_filter", "x").value()->stage_id,
            "attribute_filter");
  EXPECT_EQ(registry().find("sort_by_field", "x").value()->stage_id, "sort_attribute");
}

TEST(RegisterStages, StagesWithoutAModelAreNotEnabledRatherThanUnknown) {
  for (const auto* id : {"llm_filter", "llm_enrich", "mmr", "llm_enrich", "llm_enrichment",
                         "code_execution", "score_threshold", "agent_search"}) {
    EXPECT_EQ(registry().find(id, "x").error().code, ErrorCode::not_enabled) << id;
  }
  EXPECT_EQ(registry().find("feature_serch", "x").error().code, ErrorCode::invalid);
}

TEST(RegisterStages, OnlyWhatIsRandomIsNotDeterministic) {
  const auto deterministic = [](std::string_view id, std::string_view parameters) {
    return make_stage(id, parameters)->traits().deterministic;
  };
  EXPECT_TRUE(deterministic("limit", "{}"));
  EXPECT_FALSE(deterministic("sample", "{}"));
  EXPECT_FALSE(deterministic("sample", R"({"seed": null})"));
  EXPECT_TRUE(deterministic("sample", R"({"seed": 0})"));
  EXPECT_TRUE(deterministic("feature_search", R"({"query": "x"})"));
  EXPECT_FALSE(deterministic("feature_search", R"({"query": "x", "on_empty": "random"})"));
  EXPECT_FALSE(deterministic("feature_search",
                             R"({"searches": [{"query": "x", "on_empty": "random"}]})"));
}

}  // namespace
}  // namespace trawl::register_stages_test
