#include "pipeline/input_schema.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace trawl::input_schema_test {
namespace {

json::value parse(std::string_view text) {
  return parse_json(text).value();
}

std::string bound(std::string_view schema, std::string_view inputs) {
  const json::value fields = parse(schema);
  const auto result = bind_inputs(&fields, parse(inputs).get_object());
  return result ? canonical_json(json::value(*result)) : "error: " + result.error().message;
}

Error refusal(std::string_view schema, std::string_view inputs) {
  const json::value fields = parse(schema);
  const auto result = bind_inputs(&fields, parse(inputs).get_object());
  EXPECT_FALSE(result) << schema << " " << inputs;
  if (result) return {};
  EXPECT_EQ(result.error().code, ErrorCode::invalid);
  return result.error();
}

TEST(InputSchema, NoSchemaLetsEverythingPass) {
  const auto inputs = parse(R"({"a":1})").get_object();
  EXPECT_EQ(bind_inputs(nullptr, inputs).value(), inputs);
  EXPECT_EQ(bound("null", R"({"a":1})"), R"({"a":1})");
  EXPECT_EQ(bound("{}", R"({"a":1})"), R"({"a":1})");
}

TEST(InputSchema, TypesAndConversions) {
  struct Case {
    std::string type, value, wanted;  // wanted is empty where the value is refused
  };
  const std::vector<Case> cases = {
      {"string", "\"x\"", "\"x\""},
      {"string", "5", ""},
      {"text", "\"\"", "\"\""},
      {"text", "[]", ""},
      {"number", "5", "5"},
      {"number", "5.5", "5.5"},
      {"number", "\" 5.5 \"", "5.5"},
      {"number", "\"x\"", ""},
      {"number", "true", ""},
      {"float", "\"1e2\"", "100.0"},
      {"float", "1", "1"},
      {"integer", "5", "5"},
      {"integer", "5.0", "5"},
      {"integer", "5.5", ""},
      {"integer", "1e300", ""},
      {"integer", "\"-7\"", "-7"},
      {"integer", "\"7.0\"", "7"},
      {"integer", "\"7.5\"", ""},
      {"integer", "18446744073709551615", "18446744073709551615"},
      {"boolean", "true", "true"},
      {"boolean", "\"False\"", "false"},
      {"boolean", "\"yes\"", ""},
      {"boolean", "1", ""},
      {"object", "{}", "{}"},
      {"object", "[]", ""},
      {"array", "[1,\"x\"]", "[1,\"x\"]"},
      {"array", "\"x\"", ""},
      {"date", "\"2026-01-31\"", "\"2026-01-31\""},
      {"date", "\"2026-02-30\"", ""},
      {"datetime", "\"2026-01-31T10:00:00+02:00\"", "\"2026-01-31T10:00:00+02:00\""},
      {"datetime", "1769853600", ""},
      {"image", "\"https://example.org/a.png\"", "\"https://example.org/a.png\""},
      {"audio", "{\"url\":\"x\"}", "{\"url\":\"x\"}"},
      {"video", "5", ""},
      {"pdf", "[]", ""},
      {"excel", "\"x\"", "\"x\""},
      {"document_reference", "\"doc_1\"", "\"doc_1\""},
      {"document_reference", R"({"collection_id":"c","document_id":"d"})",
       R"({"collection_id":"c","document_id":"d"})"},
      {"document_reference", R"({"document_id":"d"})", ""},
      {"document_reference", R"({"collection_id":1,"document_id":"d"})", ""}};
  for (const auto& [type, value, wanted] : cases) {
    const std::string schema = fmt::format(R"({{"v":{{"type":"{}"}}}})", type);
    const std::string inputs = fmt::format(R"({{"v":{}}})", value);
    if (wanted.empty()) {
      const Error error = refusal(schema, inputs);
      EXPECT_EQ(error.location, "inputs.v");
      EXPECT_NE(error.message.find("which is not"), std::string::npos) << error.message;
    } else {
      EXPECT_EQ(bound(schema, inputs), fmt::format(R"({{"v":{}}})", wanted)) << type;
    }
  }
}

TEST(InputSchema, RequiredAndDefault) {
  const std::string_view schema =
      R"({"q":{"type":"text","required":true},"n":{"type":"integer","default":"10"},
          "s":{"type":"string","required":true,"default":"x"},"o":{"type":"string"}})";
  EXPECT_EQ(bound(schema, R"({"q":"a"})"), R"({"n":10,"q":"a","s":"x"})");
  EXPECT_EQ(bound(schema, R"({"q":"a","n":null,"o":null})"),
            R"({"n":10,"o":null,"q":"a","s":"x"})");
  EXPECT_EQ(bound(schema, R"({"q":"a","n":3,"s":"y","more":[1]})"),
            R"({"more":[1],"n":3,"q":"a","s":"y"})");
  EXPECT_EQ(refusal(schema, "{}").message, "inputs.q is required; give a text");
  EXPECT_EQ(refusal(schema, R"({"q":null})").location, "inputs.q");
}

TEST(InputSchema, Enums) {
  const std::string_view schema = R"({"v":{"type":"string","enum":["a","b"]}})";
  EXPECT_EQ(bound(schema, R"({"v":"b"})"), R"({"v":"b"})");
  EXPECT_EQ(refusal(schema, R"({"v":"c"})").message,
            R"(inputs.v is "c"; use one of ["a","b"])");
  EXPECT_EQ(bound(R"({"v":{"type":"number","enum":[1,2]}})", R"({"v":"2.0"})"),
            R"({"v":2.0})");
  const std::string_view list = R"({"v":{"type":"array","enum":["a","b"]}})";
  EXPECT_EQ(bound(list, R"({"v":["b","a"]})"), R"({"v":["b","a"]})");
  EXPECT_EQ(refusal(list, R"({"v":["b","c"]})").code, ErrorCode::invalid);
}

TEST(InputSchema, NestedItemsAndProperties) {
  const std::string_view schema = R"({"filters":{"type":"array","items":{"type":"object",
      "required":["name"],"properties":{"name":{"type":"string"},
      "limit":{"type":"integer","default":5}}}}})";
  EXPECT_EQ(bound(schema, R"({"filters":[{"name":"a","limit":"7"},{"name":"b","x":1}]})"),
            R"({"filters":[{"limit":7,"name":"a"},{"limit":5,"name":"b","x":1}]})");
  EXPECT_EQ(
      refusal(schema, R"({"filters":[{"name":"a"},{"name":"b"},{"name":3}]})").location,
      "inputs.filters[2].name");
  EXPECT_EQ(refusal(schema, R"({"filters":[{}]})").location, "inputs.filters[0].name");
  EXPECT_EQ(refusal(schema, R"({"filters":[3]})").location, "inputs.filters[0]");
  EXPECT_EQ(bound(R"({"o":{"type":"object","required":["k"]}})", R"({"o":{"k":1}})"),
            R"({"o":{"k":1}})");
  EXPECT_EQ(refusal(R"({"o":{"type":"object","required":["k"]}})", R"({"o":{}})").location,
            "inputs.o.k");
}

TEST(InputSchema, TheJsonSchemaWrapperIsTakenOff) {
  const std::string_view schema =
      R"({"type":"object","properties":{"q":{"type":"string"},"n":{"type":"integer"}},
          "required":["q"],"title":"x"})";
  EXPECT_EQ(bound(schema, R"({"q":"a","n":"1"})"), R"({"n":1,"q":"a"})");
  EXPECT_EQ(refusal(schema, "{}").location, "inputs.q");
  EXPECT_EQ(bound(R"({"properties":{}})", R"({"q":1})"), R"({"q":1})");
  // An input that is itself called properties, or required.
  EXPECT_EQ(bound(R"({"properties":{"type":"object"},"required":{"type":"boolean"}})",
                  R"({"properties":{"a":1},"required":"true"})"),
            R"({"properties":{"a":1},"required":true})");
}

TEST(InputSchema, MalformedSchemasAreRefusedWhateverTheInputs) {
  const auto says = [](std::string_view schema, std::string_view location,
                       std::string_view words) {
    const Error error = refusal(schema, "{}");
    EXPECT_EQ(error.location, location) << schema;
    EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
  };
  says("[]", "input_schema", "array");
  says(R"({"a":"string"})", "input_schema.a", "\"type\": \"string\"");
  says(R"({"a":{}})", "input_schema.a", "has no type");
  says(R"({"a":{"type":5}})", "input_schema.a.type", "integer");
  says(R"({"a":{"type":"strng"}})", "input_schema.a.type", "did you mean 'string'");
  says(R"({"a":{"type":"string","required":"yes"}})", "input_schema.a.required",
       "true or false");
  says(R"({"a":{"type":"string","required":["x"]}})", "input_schema.a.required",
       "true or false");
  says(R"({"a":{"type":"object","required":[1]}})", "input_schema.a.required", "integer");
  says(R"({"a":{"type":"string","enum":"x"}})", "input_schema.a.enum", "a list of values");
  says(R"({"a":{"type":"array","items":{"type":"x"}}})", "input_schema.a.items.type",
       "use one of");
  says(R"({"a":{"type":"array","items":[]}})", "input_schema.a.items", "array");
  says(R"({"a":{"type":"object","properties":{"b":{"type":"x"}}}})",
       "input_schema.a.properties.b.type", "use one of");
  says(R"({"a":{"type":"integer","default":"x"}})", "input_schema.a.default",
       "not an integer");
  says(R"({"a":{"type":"string","enum":["x"],"default":"y"}})", "input_schema.a.default",
       "use one of");
  says(R"({"a":{"type":"array","items":{"type":"integer","default":"x"}}})",
       "input_schema.a.items.default", "not an integer");
  says(R"({"properties":{"a":{"type":"string"}},"required":"a"})", "input_schema.required",
       "names");
  says(R"({"properties":{"a":{"type":"x"}}})", "input_schema.properties.a.type",
       "use one of");
}

TEST(InputSchema, ExtraKeysOfAFieldAreIgnored) {
  EXPECT_EQ(
      bound(
          R"({"a":{"type":"string","description":5,"examples":"x","items":3,"format":"y"}})",
          R"({"a":"b"})"),
      R"({"a":"b"})");
}

// Goal: nesting costs no more than it is long. A schema that read itself anew at every
// level would take 2^60 steps here.
TEST(InputSchema, DeepDefaultsAreCheap) {
  std::string schema = R"({"type":"string","default":"x"})";
  for (int i = 0; i < 28; ++i) {
    schema = R"({"type":"object","default":{},"properties":{"p":)" + schema + "}}";
  }
  const std::string text = bound(R"({"p":)" + schema + "}", "{}");
  EXPECT_TRUE(text.ends_with(R"({"p":"x"})" + std::string(28, '}'))) << text;
}

// Goal: a small request cannot ask for gigabytes by a long default in a long list.
TEST(InputSchema, FilledInDefaultsAreLimited) {
  const std::string schema = fmt::format(
      R"({{"l":{{"type":"array","items":{{"type":"object","properties":{{"s":{{"type":"string","default":"{}"}}}}}}}}}})",
      std::string(100'000, 'x'));
  EXPECT_EQ(bound(schema, R"({"l":[{},{}]})").size(), 200'000u + 25u);
  std::string many = R"({"l":[{})";
  for (int i = 0; i < 5000; ++i) many += ",{}";
  EXPECT_NE(refusal(schema, many + "]}").message.find("defaults together"),
            std::string::npos);
}

}  // namespace
}  // namespace trawl::input_schema_test
