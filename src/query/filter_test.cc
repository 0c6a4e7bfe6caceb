#include "query/filter.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/filter_test_support.h"

namespace trawl::filter_test {
namespace {

using test::document;
using test::matches;
using test::parse;
using test::refusal;
using test::sensitive;
using test::with_templates;

TEST(Filter, NothingMatchesEverything) {
  EXPECT_TRUE(matches("{}", R"({"a":1})"));
  EXPECT_TRUE(matches("null", "{}"));
  EXPECT_TRUE(matches(R"({"AND":[]})", "{}"));
  EXPECT_TRUE(matches(R"({"NOT":[]})", "{}"));
  EXPECT_FALSE(matches(R"({"OR":[]})", "{}"));
  EXPECT_TRUE(matches(R"({"AND":null,"OR":null,"NOT":null,"case_sensitive":false})", "{}"));
  EXPECT_TRUE(matches(R"({"case_sensitive":false})", R"({"case_sensitive":true})"));
  EXPECT_TRUE(matches(R"({"case_sensitive":false,"s":"A"})", R"({"s":"a"})"));
  EXPECT_FALSE(matches(R"({"case_sensitive":true,"s":"A"})", R"({"s":"a"})"));
  EXPECT_FALSE(matches(R"({"case_sensitive":false,"s":"A"})", R"({"s":"b"})"));
}

TEST(Filter, Groups) {
  const std::string a = R"({"a":1})", b = R"({"b":1})";
  for (const bool has_a : {false, true}) {
    for (const bool has_b : {false, true}) {
      const std::string doc =
          fmt::format(R"({{"a":{},"b":{}}})", has_a ? 1 : 0, has_b ? 1 : 0);
      const auto group = [&](std::string_view name) {
        return matches(fmt::format(R"({{"{}":[{},{}]}})", name, a, b), doc);
      };
      EXPECT_EQ(group("AND"), has_a && has_b);
      EXPECT_EQ(group("OR"), has_a || has_b);
      EXPECT_EQ(group("NOT"), !has_a && !has_b);
      EXPECT_EQ(matches(R"({"NOT":{"a":1}})", doc), !has_a);
      EXPECT_EQ(matches(R"({"NOT":{"a":1},"OR":[{"b":1}]})", doc), !has_a && has_b);
      EXPECT_EQ(matches(R"({"a":1,"b":1})", doc), has_a && has_b);
      EXPECT_EQ(
          matches(R"({"AND":[{"OR":[{"a":1},{"b":1}]},{"NOT":[{"a":1,"b":1}]}]})", doc),
          has_a != has_b);
    }
  }
}

TEST(Filter, AFieldKeyMakesACondition) {
  EXPECT_TRUE(matches(R"({"case_sensitive":false,"field":"s","operator":"eq","value":"A"})",
                      R"({"s":"a","field":"no"})"));
  EXPECT_TRUE(matches(R"({"field":"s","value":"a"})", R"({"s":"a"})"));
  EXPECT_TRUE(matches(R"({"field":"s","operator":null,"value":"a","case_sensitive":null})",
                      R"({"s":"a"})"));
}

TEST(Filter, PathsReachInside) {
  const std::string_view doc =
      R"({"metadata":{"status":"active"},"tags":["x","y"],"a.b":1})";
  EXPECT_TRUE(matches(R"({"metadata.status":"active"})", doc));
  EXPECT_TRUE(matches(R"({"metadata":{"status":"ACTIVE"}})", doc));
  EXPECT_TRUE(matches(R"({"tags.1":"y"})", doc));
  EXPECT_TRUE(matches(R"({"a.b":1})", doc));
  EXPECT_FALSE(matches(R"({"metadata.missing":null})", doc));
}

// The nearest word decides: condition, then group, then options.
TEST(Filter, CaseIsInherited) {
  const std::string_view doc = R"({"s":"A"})";
  EXPECT_TRUE(matches(R"({"s":"a"})", doc));
  EXPECT_FALSE(matches(R"({"s":"a"})", doc, sensitive()));
  EXPECT_TRUE(matches(R"({"AND":[{"s":"a"}],"case_sensitive":false})", doc, sensitive()));
  EXPECT_FALSE(matches(R"({"AND":[{"s":"a"}],"case_sensitive":true})", doc));
  EXPECT_TRUE(matches(
      R"({"AND":[{"OR":[{"s":"a"}],"case_sensitive":false}],"case_sensitive":true})", doc,
      sensitive()));
  EXPECT_TRUE(matches(
      R"({"AND":[{"field":"s","value":"a","case_sensitive":false}],"case_sensitive":true})",
      doc));
  EXPECT_FALSE(matches(R"({"AND":[{"OR":[{"s":"a"}]}],"case_sensitive":true})", doc));
}

TEST(Filter, RefusalsNameThePlaceAndTheRemedy) {
  const auto says = [](std::string_view filter, std::string_view location,
                       std::string_view words) {
    const Error error = refusal(filter);
    EXPECT_EQ(error.location, location) << filter;
    EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
  };
  says("[]", "filters", "AND");
  says("5", "filters", "integer");
  says(R"({"field":"f","operator":"equals","value":1})", "filters.operator",
       "use one of eq");
  says(R"({"field":"f","operator":"start_with","value":1})", "filters.operator",
       "did you mean 'starts_with'");
  says(R"({"field":"f","operator":"EQ","value":1})", "filters.operator",
       "did you mean 'eq'");
  says(R"({"field":"f","operator":1,"value":1})", "filters.operator", "integer");
  says(R"({"field":"f","valu":1})", "filters.valu", "did you mean 'value'");
  says(R"({"field":"f"})", "filters", "no value");
  says(R"({"field":5,"value":1})", "filters.field", "integer");
  says(R"({"field":"","value":1})", "filters.field", "empty");
  says(R"({"field":"f","value":1,"case_sensitive":"no"})", "filters.case_sensitive",
       "string");
  says(R"({"AND":[{"field":"f","value":1}],"ORR":[]})", "filters.ORR", "did you mean 'OR'");
  says(R"({"AND":[],"status":"x"})", "filters.status", "not part of a group");
  says(R"({"case_sensitive":"no","status":"x"})", "filters.case_sensitive", "string");
  says(R"({"AND":{"a":1}})", "filters.AND", "array");
  says(R"({"OR":5})", "filters.OR", "array");
  says(R"({"NOT":5})", "filters.NOT", "array");
  says(R"({"AND":[{"a":1},null]})", "filters.AND[1]", "null");
  says(R"({"AND":[[{"a":1}]]})", "filters.AND[0]", "array");
  says(R"({"NOT":[{"OR":[{"field":"f","operator":"x","value":1}]}]})",
       "filters.NOT[0].OR[0].operator", "use one of");
  says(R"({"and":[{"a":1}]})", "filters.and", "'AND'");
  says(R"({"must":[{"key":"a","match":{"value":1}}]})", "filters.must", "AND, OR and NOT");
  says(R"({"$and":[]})", "filters.$and", "AND, OR and NOT");
  says(R"({"price":{"$gt":5}})", "filters.price", R"("operator":"gt","value":5)");
  says(R"({"price":{"$size":5}})", "filters.price", "AND, OR and NOT");
  says(R"({"operator":"eq","value":1})", "filters", "add \"field\"");
  says(R"({"feild":"f","operator":"eq","value":1})", "filters", "add \"field\"");
  says(R"({"":1})", "filters", "empty");
  says(R"({"field":"f","operator":"starts_with","value":1})", "filters.value",
       "takes a string");
  says(R"({"a":{"type":"dynamic","field":"inputs.x"}})", "filters.a.value", "dynamic");
  EXPECT_EQ(Filter::compile(parse("[]"), "").error().location, "");
}

// Where every template has been filled in, what looks like one came from an input.
TEST(Filter, ADynamicValueThatWasFilledInIsAValue) {
  FilterOptions options;
  options.filled_in = true;
  for (
      const char* text :
      {R"({"a":{"type":"dynamic","field":"inputs.x"}})",
       R"({"field":"a","operator":"in","value":[{"type":"dynamic","field":"inputs.x"}]})"}) {
    const auto filter = Filter::compile(parse(text), "filters", options);
    ASSERT_TRUE(filter) << text << filter.error().message;
    EXPECT_TRUE(
        filter->matches(document(R"({"a":{"type":"dynamic","field":"inputs.x"}})")));
    EXPECT_FALSE(filter->matches(document(R"({"a":"dynamic"})")));
  }
}

TEST(Filter, WordsOfOtherLanguagesMayBeFields) {
  EXPECT_TRUE(matches(R"({"and":1})", R"({"and":1})"));
  EXPECT_TRUE(matches(R"({"must":["x"]})", R"({"must":["x"]})"));
  EXPECT_TRUE(matches(R"({"value":1})", R"({"value":1})"));
  EXPECT_TRUE(matches(R"({"field":"price","value":{"$gt":5}})", R"({"price":{"$gt":5}})"));
}

TEST(Filter, DepthIsLimited) {
  const auto nested = [](std::size_t depth) {
    std::string text = R"({"a":1})";
    for (std::size_t i = 1; i < depth; ++i) text = R"({"NOT":[)" + text + "]}";
    return text;
  };
  EXPECT_EQ(matches(nested(kFilterDepthMax), R"({"a":1})"), kFilterDepthMax % 2 == 1);
  EXPECT_NE(refusal(nested(kFilterDepthMax + 1)).message.find("nested deeper than 16"),
            std::string::npos);
}

TEST(Filter, TemplatesCanBeCheckedOnly) {
  for (const std::string_view text :
       {R"("{{INPUT.filter}}")", R"({"a":"{{INPUT.x}}"})", R"({"a":["{{INPUT.x}}"]})",
        R"({"{{INPUT.field}}":1})",
        R"({"field":"f","operator":"regex","value":"({{INPUT.x}}"})",
        R"({"field":"f","operator":"exists","value":"{{INPUT.x}}"})",
        R"({"field":"{{INPUT.f}}","operator":"in","value":["a","{{INPUT.x}}"]})",
        R"({"field":"f","operator":"gt","value":{"type":"dynamic","field":"inputs.x"}})",
        R"({"AND":[{"b":1},{"NOT":{"a":{"type":"dynamic","field":"inputs.x"}}}]})",
        R"({"AND":"{{INPUT.filters}}"})", R"({"AND":["{{INPUT.filters}}"]})"}) {
    const auto filter = Filter::compile(parse(text), "filters", with_templates());
    ASSERT_TRUE(filter) << text << filter.error().message;
    EXPECT_TRUE(filter->has_templates()) << text;
    EXPECT_FALSE(filter->matches(document("{}")));
  }
  // What is known is still checked.
  EXPECT_EQ(refusal(R"({"AND":[{"a":"{{x}}"},{"field":"b","operator":"x","value":1}]})",
                    with_templates())
                .location,
            "filters.AND[1].operator");
  const auto plain = Filter::compile(parse(R"({"a":1})"), "", with_templates());
  EXPECT_FALSE(plain->has_templates());
  EXPECT_TRUE(plain->matches(document(R"({"a":1})")));
}

// Goal: text that was inserted by a template is compared, not read as a template again.
TEST(Filter, BracesAreTextWhereTemplatesAreRefused) {
  EXPECT_TRUE(matches(R"({"a":"{{x}}"})", R"({"a":"{{x}}"})"));
  EXPECT_TRUE(matches(R"({"{{x}}":1})", R"({"{{x}}":1})"));
}

TEST(Filter, Paths) {
  const auto filter =
      Filter::compile(
          parse(R"({"AND":[{"a.b":1},{"OR":[{"c":1},{"a.b":2}]}],"NOT":{"d":1}})"), "")
          .value();
  EXPECT_EQ(filter.paths(), (std::vector<std::string>{"a.b", "c", "d"}));
  EXPECT_TRUE(Filter::compile(nullptr, "")->paths().empty());
}

TEST(Filter, OneConditionAsAttributeFilterHasIt) {
  const auto condition = [](std::string_view op, std::string_view value,
                            bool case_sensitive) {
    return Filter::condition("f", op, parse(value), case_sensitive,
                             "stages[0].config.parameters");
  };
  EXPECT_TRUE(condition("eq", "\"A\"", false)->matches(document(R"({"f":"a"})")));
  EXPECT_FALSE(condition("eq", "\"A\"", true)->matches(document(R"({"f":"a"})")));
  EXPECT_TRUE(condition("exists", "null", true)->matches(document(R"({"f":1})")));
  EXPECT_EQ(condition("eqq", "1", true).error().location,
            "stages[0].config.parameters.operator");
  EXPECT_EQ(condition("regex", "\"(\"", true).error().location,
            "stages[0].config.parameters.value");
}

}  // namespace
}  // namespace trawl::filter_test
