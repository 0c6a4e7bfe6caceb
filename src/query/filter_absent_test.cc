#include "query/filter.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/json.h"
#include "query/absent.h"
#include "query/filter_test_support.h"

namespace trawl::filter_absent_test {
namespace {

using test::document;
using test::parse;

// Replaces every "ABSENT" inside a value.
json::value with_absent(const json::value& value) {
  if (value == "ABSENT") return absent_value();
  if (const auto* array = value.if_array()) {
    json::array out;
    for (const auto& item : *array) out.push_back(with_absent(item));
    return out;
  }
  if (const auto* object = value.if_object()) {
    json::object out;
    for (const auto& field : *object) out[field.key()] = with_absent(field.value());
    return out;
  }
  return value;
}

bool matches_with_absent(std::string_view filter) {
  const auto compiled = Filter::compile(with_absent(parse(filter)), "filters");
  EXPECT_TRUE(compiled) << filter << ": " << compiled.error().message;
  EXPECT_FALSE(compiled->has_templates());
  return compiled->matches(document(R"({"a": 1, "s": "x", "n": null, "l": [1, 2]})"));
}

// Goal: with a value that is absent a filter matches only what it matches with any value.
TEST(Filter, AnAbsentValueDecidesNothing) {
  for (const auto op : {"eq", "ne", "gt", "lt", "gte", "lte", "in", "nin", "contains",
                        "starts_with", "ends_with", "regex", "exists", "is_null", "text"}) {
    for (const auto field : {"a", "s", "n", "l", "missing"}) {
      const std::string condition = fmt::format(
          R"({{"field": "{}", "operator": "{}", "value": "ABSENT"}})", field, op);
      EXPECT_FALSE(matches_with_absent(condition)) << condition;
      EXPECT_FALSE(matches_with_absent("{\"NOT\": [" + condition + "]}")) << condition;
      EXPECT_FALSE(matches_with_absent("{\"NOT\": {\"NOT\": " + condition + "}}"));
      EXPECT_FALSE(matches_with_absent("{\"AND\": [{\"a\": 1}, " + condition + "]}"));
      EXPECT_TRUE(matches_with_absent("{\"OR\": [{\"a\": 1}, " + condition + "]}"));
      EXPECT_FALSE(matches_with_absent("{\"NOT\": [{\"a\": 2}, " + condition + "]}"));
      EXPECT_TRUE(
          matches_with_absent("{\"NOT\": [{\"AND\": [{\"a\": 2}, " + condition + "]}]}"));
    }
  }
  for (const char* nothing :
       {R"("ABSENT")", R"({"NOT": "ABSENT"})", R"({"NOT": ["ABSENT"]})",
        R"({"AND": "ABSENT"})", R"({"a": 1, "s": "ABSENT"})",
        R"({"field": "ABSENT", "operator": "ne", "value": 1})",
        R"({"field": "a", "operator": "ABSENT", "value": 1})",
        R"({"field": "a", "operator": "in", "value": [2, "ABSENT"]})",
        R"({"NOT": {"field": "a", "operator": "in", "value": [2, "ABSENT"]}})",
        R"({"field": "a", "operator": "nin", "value": [2, "ABSENT"]})",
        R"({"field": "a", "operator": "ne", "value": {"x": ["ABSENT"]}})"}) {
    EXPECT_FALSE(matches_with_absent(nothing)) << nothing;
  }
  EXPECT_TRUE(
      matches_with_absent(R"({"field": "a", "operator": "in", "value": [1, "ABSENT"]})"));
  EXPECT_TRUE(matches_with_absent(
      R"({"NOT": {"field": "a", "operator": "nin", "value": [1, "ABSENT"]}})"));
  // It is not null, in what caches know a filter by either.
  EXPECT_NE(Filter::compile(with_absent(parse(R"({"a": "ABSENT"})")), "f")->fingerprint(),
            Filter::compile(parse(R"({"a": null})"), "f")->fingerprint());
}

}  // namespace
}  // namespace trawl::filter_absent_test
