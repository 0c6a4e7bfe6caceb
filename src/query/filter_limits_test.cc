#include "query/filter.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/result.h"
#include "base/work_limit.h"
#include "query/filter_test_support.h"
#include "text/fold.h"

namespace trawl::filter_limits_test {
namespace {

using test::document;
using test::with_templates;

// {"OR": [condition, …]} with so many of them.
json::value any_of(std::size_t count) {
  json::array list;
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(json::object{{"field", fmt::format("f{}", i)}, {"value", i}});
  }
  return json::object{{"OR", std::move(list)}};
}

std::string refusal_of(const json::value& filter) {
  const auto compiled = Filter::compile(filter, "filters");
  EXPECT_FALSE(compiled);
  return compiled ? "" : compiled.error().message;
}

TEST(FilterLimits, ConditionsAreCountedWhereverTheyStand) {
  EXPECT_TRUE(Filter::compile(any_of(kFilterConditionsMax), "filters"));
  EXPECT_NE(refusal_of(any_of(250'000)).find("has 250000 conditions"), std::string::npos);
  EXPECT_NE(refusal_of(any_of(kFilterConditionsMax + 1)).find("at most 1000 are allowed"),
            std::string::npos);
  // Two groups together, groups of groups, and the short form.
  EXPECT_NE(refusal_of(json::object{{"AND", {any_of(600), any_of(600)}}})
                .find("has 600 conditions, which makes 1202 or more in this filter"),
            std::string::npos);
  json::array nested;
  for (int i = 0; i < 600; ++i) nested.push_back(json::object{{"NOT", {{{"a", 1}}}}});
  refusal_of(json::object{{"AND", nested}});
  json::object fields;
  for (int i = 0; i <= 1'000; ++i) fields[fmt::format("f{}", i)] = i;
  EXPECT_NE(refusal_of(fields).find("are allowed"), std::string::npos);
  json::array templates(2'000, json::value("{{INPUT.x}}"));
  EXPECT_FALSE(Filter::compile(json::object{{"AND", templates}}, "f", with_templates()));
}

TEST(FilterLimits, ValuesOfListsAreCountedTogether) {
  const auto list_of = [](std::size_t count) {
    json::array values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(json::value(i));
    return json::object{{"field", "f"}, {"operator", "in"}, {"value", std::move(values)}};
  };
  const auto most = Filter::compile(list_of(kFilterValuesMax), "filters");
  ASSERT_TRUE(most);
  EXPECT_TRUE(most->matches(document(R"({"f":9999})")));
  EXPECT_FALSE(most->matches(document(R"({"f":10000})")));
  EXPECT_NE(refusal_of(list_of(kFilterValuesMax + 1)).find("has 10001 values"),
            std::string::npos);
  EXPECT_NE(
      refusal_of(json::object{{"AND", {list_of(6'000), list_of(6'000)}}})
          .find("which makes 12000 in all lists of this filter; at most 10000 are allowed"),
      std::string::npos);
}

// Goal: no condition on a long text runs on when nobody wants its answer any longer.
// Method: a dozen of each kind over a text of a megabyte, given up at the third look.
TEST(FilterLimits, EvaluationIsGivenUpWithinOneDocument) {
  const std::string text = std::string(1 << 20, 'a') + "é";
  const json::object long_document{{"f", json::value(text)}};
  struct Kind {
    const char* op;
    json::value value;
    bool case_sensitive;
  };
  const auto text_value = [](const std::string& value) { return json::value(value); };
  const Kind kinds[] = {
      {"contains", "zz", true},
      {"contains", "zz", false},
      {"eq", text_value(text + "z"), false},
      {"starts_with", "z", false},
      {"ends_with", "z", false},
      {"text", "zz", true},
      {"in", json::array{"z", "y"}, false},
      {"contains", text_value(std::string(1 << 17, 'a') + "z"), true},
  };
  for (const auto& [op, value, case_sensitive] : kinds) {
    json::array list(12, json::object{{"field", "f"},
                                      {"operator", op},
                                      {"value", value},
                                      {"case_sensitive", case_sensitive}});
    const auto filter = Filter::compile(json::object{{"OR", std::move(list)}}, "filters");
    ASSERT_TRUE(filter) << op;
    int looks = 0;
    const Checkpoint check = [&]() -> Result<void> {
      if (++looks < 3) return {};
      return make_error(ErrorCode::timeout, "enough");
    };
    const auto found =
        bounded(check, [&]() -> Result<bool> { return filter->matches(long_document); });
    EXPECT_FALSE(found) << op;
    EXPECT_EQ(looks, 3) << op;
  }
}

TEST(FilterLimits, LongTextsFoldAsShortOnesDo) {
  std::string text;
  while (text.size() < (1 << 15)) text += "ÀÉß ǅ İ ẞ x";
  std::string folded;
  for (std::size_t at = 0; at < text.size(); at += 1) {
    std::size_t size = 1;
    while (at + size < text.size() && (text[at + size] & 0xC0) == 0x80) ++size;
    folded += fold_case(text.substr(at, size));
    at += size - 1;
  }
  EXPECT_EQ(fold_case(text), folded);
  EXPECT_EQ(fold_case(text + "\xFF").size(), text.size() + 1);  // No UTF-8: ASCII alone.
}

}  // namespace
}  // namespace trawl::filter_limits_test
