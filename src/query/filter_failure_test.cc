#include "query/filter_failure.h"

#include <gtest/gtest.h>

#include <random>

#include "query/filter_node.h"

namespace trawl {
namespace {

const json::object& book() {
  static const json::value kBook =
      parse_json(R"({"title": "Moby Dick", "year": 1851, "tags": ["sea", "whale"],
                     "section": "fiction", "price": 9.5})")
          .value();
  return kBook.get_object();
}

PathValues look(std::string_view path) {
  return find_values(book(), path);
}

std::optional<FilterFailure> failure_of(std::string_view filter) {
  const auto compiled = Filter::compile(parse_json(filter).value(), "filters");
  EXPECT_TRUE(compiled) << filter;
  return find_failure(*compiled, look);
}

TEST(FilterFailure, NamesTheSmallestPartThatDoesNotHold) {
  EXPECT_FALSE(failure_of(R"({"year": 1851})"));
  auto found = failure_of(R"({"AND": [{"section": "fiction"},
      {"field": "year", "operator": "lt", "value": 1850}]})");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->field, "year");
  EXPECT_EQ(found->op, "lt");
  EXPECT_EQ(found->value, 1850);
  EXPECT_EQ(found->found, 1851);
  EXPECT_EQ(found->passing, json::value(1852));
  EXPECT_EQ(found->sentence, "its 'year' is 1851, and 'year lt 1850' is asked for");

  found = failure_of(R"({"OR": [{"year": 1}, {"section": "poetry"}, {"year": 2}]})");
  EXPECT_EQ(found->field, "year");
  EXPECT_EQ(found->others, 2u);

  found =
      failure_of(R"({"NOT": [{"field": "tags", "operator": "contains", "value": "sea"}]})");
  EXPECT_TRUE(found->negated);
  EXPECT_EQ(found->field, "tags");
  EXPECT_NE(found->sentence.find("which is excluded"), std::string::npos);

  found =
      failure_of(R"({"field": "section", "operator": "in", "value": ["poetry", "art"]})");
  EXPECT_EQ(to_json_text(*found->passing), R"(["poetry","art","fiction"])");
  EXPECT_NE(found->sentence.find("section in"), std::string::npos) << found->sentence;

  found = failure_of(R"({"field": "publisher", "operator": "exists", "value": true})");
  EXPECT_EQ(found->sentence,
            "it has no 'publisher', and 'publisher exists true' is asked for");
  EXPECT_EQ(found->passing, json::value(false));
  found = failure_of(R"({"field": "publisher", "operator": "eq", "value": "Harper"})");
  EXPECT_FALSE(found->passing);
}

// What is proposed holds, whatever the condition.
TEST(FilterFailure, TheProposedValueLetsItPass) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> fields{"year",    "title", "tags",
                                        "section", "price", "none"};
  const std::vector<std::string> ops{
      "eq",  "ne",       "gt",          "lt",        "gte",    "lte",     "in",
      "nin", "contains", "starts_with", "ends_with", "exists", "is_null", "text"};
  const std::vector<std::string> values{"1850",      "1851",          "9.5",
                                        "\"sea\"",   "\"Moby\"",      "\"x\"",
                                        "[1851, 3]", "[\"fiction\"]", "true"};
  int proposed = 0;
  for (int i = 0; i < 3'000; ++i) {
    const auto pick = [&](const auto& list) { return list[random() % list.size()]; };
    const std::string condition = "{\"field\": \"" + pick(fields) + "\", \"operator\": \"" +
                                  pick(ops) + "\", \"value\": " + pick(values) + "}";
    const bool negated = random() % 2 == 0;
    const std::string text = negated ? "{\"NOT\": [" + condition + "]}" : condition;
    const auto filter = Filter::compile(parse_json(text).value(), "filters");
    if (!filter) continue;
    const auto found = find_failure(*filter, look);
    ASSERT_EQ(found.has_value(), !filter->matches(look)) << text;
    if (!found || !found->passing) continue;
    ++proposed;
    json::value changed = parse_json(condition).value();
    changed.get_object()["value"] = *found->passing;
    const json::value whole =
        negated ? json::value(json::object{{"NOT", json::array{changed}}}) : changed;
    const auto passes = Filter::compile(whole, "filters");
    ASSERT_TRUE(passes) << text;
    EXPECT_TRUE(passes->matches(look)) << text << " " << to_json_text(*found->passing);
  }
  EXPECT_GT(proposed, 100);
}

}  // namespace
}  // namespace trawl
