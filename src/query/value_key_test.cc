#include "query/value_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "query/filter.h"

namespace trawl::value_key_test {
namespace {

json::value parse(std::string_view text) {
  return parse_json(text).value();
}

const std::vector<std::string>& samples() {
  static const std::vector<std::string> kSamples = {"null",
                                                    "true",
                                                    "false",
                                                    "0",
                                                    "-0.0",
                                                    "1",
                                                    "1.0",
                                                    "1e0",
                                                    "1.5",
                                                    "9007199254740993",
                                                    "9007199254740992.0",
                                                    "18446744073709551615",
                                                    "18446744073709551616.0",
                                                    "-9223372036854775808",
                                                    "-9223372036854775808.0",
                                                    "1e300",
                                                    "\"\"",
                                                    "\"null\"",
                                                    "\"1\"",
                                                    "\"1.0\"",
                                                    "\"[1,]\"",
                                                    "\"a\"",
                                                    "\"A\"",
                                                    "\"caf\u00E9\"",
                                                    "\"cafe\u0301\"",
                                                    "\"2026-01-31\"",
                                                    "\"2026-01-31T00:00:00Z\"",
                                                    "[]",
                                                    "[1]",
                                                    "[1.0]",
                                                    "[\"1\"]",
                                                    "[[1]]",
                                                    "[1,[]]",
                                                    "[null]",
                                                    "{}",
                                                    R"({"a":1,"b":2})",
                                                    R"({"b":2.0,"a":1.0})",
                                                    R"({"a":"1"})",
                                                    R"({"A":1,"b":2})"};
  return kSamples;
}

// Goal: keys, equality and hashes are one definition of identity.
TEST(ValueKey, IsThatOfEqualValues) {
  for (const auto& a : samples()) {
    for (const auto& b : samples()) {
      const json::value x = parse(a), y = parse(b);
      EXPECT_EQ(value_key(&x) == value_key(&y), values_equal(x, y)) << a << " " << b;
      EXPECT_EQ(value_key(&x, CaseMode::folded) == value_key(&y, CaseMode::folded),
                values_equal(x, fold_strings(y), CaseMode::folded))
          << a << " " << b;
      if (values_equal(x, y)) {
        EXPECT_EQ(hash_value(x), hash_value(y)) << a << " " << b;
      }
    }
  }
  const json::value null;
  EXPECT_EQ(value_key(nullptr), value_key(&null));
}

// Goal: what stands behind each other can be told apart: the keys of two fields, say.
TEST(ValueKey, IsNeverTheBeginningOfAnother) {
  for (const auto& a : samples()) {
    for (const auto& b : samples()) {
      const json::value x = parse(a), y = parse(b);
      if (values_equal(x, y)) continue;
      EXPECT_FALSE(value_key(&x).starts_with(value_key(&y))) << a << " " << b;
    }
  }
}

// Goal: of two values that compare, exactly one of lt, eq and gt holds, whichever is in the
// document; in and nin are eq and ne. Texts are compared as texts by eq alone.
TEST(Filter, EqIsBetweenGteAndLte) {
  const std::vector<std::string> values = {"5",
                                           "5.0",
                                           "\"5\"",
                                           "\"5.0\"",
                                           "\"05\"",
                                           "\"5e0\"",
                                           "4",
                                           "\"4\"",
                                           "6.5",
                                           "\"6.5\"",
                                           "9007199254740993",
                                           "\"9007199254740993\"",
                                           "9007199254740992.0",
                                           "18446744073709551615",
                                           "\"18446744073709551615\"",
                                           "\"2026-01-31\"",
                                           "\"2026-01-31T00:00:00Z\"",
                                           "\"2026-01-31T01:00:00+01:00\"",
                                           "\"2026-01-31t00:00z\"",
                                           "\"2026-02-01\"",
                                           "true",
                                           "null",
                                           "\"x\"",
                                           "\"\"",
                                           "[5]",
                                           "[\"5\"]",
                                           "{}"};
  std::string many = "[";
  for (int i = 0; i < 20; ++i) many += "\"no" + std::to_string(i) + "\",";
  for (const bool sensitive : {true, false}) {
    const auto test = [&](const char* op, const std::string& value,
                          const std::string& field) {
      const auto filter =
          Filter::condition("f", op, parse(value), sensitive, "filters").value();
      return filter.matches(json::object{{"f", parse(field)}});
    };
    for (const auto& a : values) {
      for (const auto& b : values) {
        const bool equal = test("eq", a, b);
        EXPECT_EQ(test("ne", a, b), !equal) << a << b;
        EXPECT_EQ(test("in", "[" + a + "]", b), equal) << a << b;
        EXPECT_EQ(test("nin", "[" + a + "]", b), !equal) << a << b;
        EXPECT_EQ(test("in", many + a + "]", b), equal) << a << b;
        if (a[0] == '[' || b[0] == '[') continue;
        EXPECT_EQ(test("contains", a, "[" + b + "]"), equal) << a << b;
        EXPECT_EQ(test("eq", a, "[" + b + "]"), equal) << a << b;
        const bool both = test("gte", a, b) && test("lte", a, b);
        const bool texts = a[0] == '"' && b[0] == '"' && a.find('-') == std::string::npos;
        EXPECT_EQ(equal, a == b || (both && !texts)) << a << b;
        EXPECT_LE(test("lt", a, b) + test("gt", a, b) + equal, 1) << a << b;
        EXPECT_EQ(test("gt", a, "[" + b + "]"), test("gt", a, b)) << a << b;
      }
    }
  }
}

TEST(Filter, RefusesOperatorsAsKeys) {
  const auto message = [](const char* filter) {
    const auto compiled = Filter::compile(parse(filter), "filters");
    return compiled ? std::string() : compiled.error().message;
  };
  EXPECT_NE(message(R"({"price": {"gte": 5}})")
                .find(R"({"field":"price","operator":"gte","value":5})"),
            std::string::npos)
      << message(R"({"price": {"gte": 5}})");
  EXPECT_NE(message(R"({"a.b": {"gt": 5, "LT": 7}})")
                .find(R"({"AND":[{"field":"a.b","operator":"gt","value":5},)"
                      R"({"field":"a.b","operator":"lt","value":7}]})"),
            std::string::npos);
  EXPECT_NE(message(R"({"AND": [{"year": {"between": [1, 9]}}]})")
                .find(R"({"field":"year","operator":"gte","value":1})"),
            std::string::npos);
  EXPECT_NE(message(R"({"price": {"in": [1, 2]}})"), "");
  EXPECT_NE(message(R"({"price": {"$gte": 5}})")
                .find(R"({"field":"price","operator":"gte","value":5})"),
            std::string::npos);
  EXPECT_EQ(message(R"({"price": {"gte": 5, "currency": "EUR"}})"), "");
  EXPECT_EQ(message(R"({"price": {}})"), "");
  EXPECT_EQ(message(R"({"field": "price", "value": {"gte": 5}})"), "");
}

}  // namespace
}  // namespace trawl::value_key_test
