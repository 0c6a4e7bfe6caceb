#include "query/filter.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/field_path.h"
#include "base/json.h"
#include "query/filter_test_support.h"
#include "query/filter_value.h"

namespace trawl::filter_operators_test {
namespace {

using test::document;
using test::matches;
using test::refusal;

// One condition on field f, case counting or not.
bool test(std::string_view op, std::string_view value, std::string_view field,
          bool case_sensitive = true) {
  return matches(
      fmt::format(R"({{"field":"f","operator":"{}","value":{},"case_sensitive":{}}})", op,
                  value, case_sensitive),
      field.empty() ? "{}" : fmt::format(R"({{"f":{}}})", field));
}

TEST(Filter, EqAndNe) {
  struct Case {
    std::string value, field;
    bool equal;
  };
  const std::vector<Case> cases = {
      {"1", "1", true},
      {"1", "1.0", true},
      {"1.0", "1", true},
      {"1", "2", false},
      {"1", "\"1\"", true},
      {"\"1\"", "1", true},
      {"\"1\"", "\"1.0\"", false},
      {"1", "\" 1\"", false},
      {"\"2026-01-31\"", "\"2026-01-31T00:00:00Z\"", true},
      {"\"2026-01-31\"", "[\"2026-01-31T01:00:00+01:00\"]", true},
      {"[1]", "[\"1\"]", false},
      {"true", "true", true},
      {"true", "1", false},
      {"true", "\"true\"", false},
      {"null", "null", true},
      {"null", "0", false},
      {"null", "", false},
      {"\"a\"", "\"a\"", true},
      {"\"a\"", "\"A\"", false},
      {"\"a\"", "[\"b\",\"a\"]", true},
      {"\"a\"", "[]", false},
      {"\"a\"", "[[\"a\"]]", false},
      {"[\"a\"]", "[\"a\"]", true},
      {"[\"a\"]", "[[\"a\"]]", true},
      {"[1,2]", "[2,1]", false},
      {"[]", "[]", true},
      {"1", "[0,1.0]", true},
      {R"({"x":1})", R"({"x":1.0})", true},
      {R"({"x":1})", R"({"x":1,"y":2})", false},
      {"9007199254740993", "9007199254740992.0", false},
      {"18446744073709551615", "18446744073709551615", true},
      {"18446744073709551615", "18446744073709551616.0", false}};
  for (const auto& [value, field, equal] : cases) {
    EXPECT_EQ(test("eq", value, field), equal) << value << " " << field;
    EXPECT_EQ(test("ne", value, field), !equal) << value << " " << field;
    EXPECT_EQ(test("in", "[" + value + "]", field), equal) << value << " " << field;
    EXPECT_EQ(test("nin", "[" + value + "]", field), !equal) << value << " " << field;
  }
  EXPECT_TRUE(test("eq", "\"straße\"", "\"STRASSE\"", false));
  EXPECT_TRUE(test("eq", "\"ÀB\"", "[\"x\",\"àb\"]", false));
  EXPECT_FALSE(test("eq", "\"ÀB\"", "\"àb\"", true));
}

TEST(Filter, InAndNin) {
  EXPECT_TRUE(test("in", R"(["a","b"])", "\"b\""));
  EXPECT_TRUE(test("in", R"(["a","b"])", R"(["x","b"])"));
  EXPECT_FALSE(test("in", "[]", "\"a\""));
  EXPECT_TRUE(test("nin", "[]", "\"a\""));
  EXPECT_TRUE(test("in", "\"a\"", "\"a\""));  // A single value is a list of one.
  EXPECT_FALSE(test("in", "[1]", ""));
  EXPECT_TRUE(test("nin", "[1]", ""));
  EXPECT_TRUE(test("in", "[\"ÉTÉ\"]", "\"été\"", false));
  EXPECT_TRUE(test("in", "[1,2,3,4,5,6,7,8,9,\"ÉTÉ\"]", "\"été\"", false));
  EXPECT_TRUE(test("in", "[1,2,3,4,5,6,7,8,9,10]", "10.0"));
  EXPECT_TRUE(test("in", "[1,2,3,4,5,6,7,8,9,10]", "\"10\""));
  EXPECT_FALSE(test("in", "[1,2,3,4,5,6,7,8,9,10]", "\"11\""));
}

TEST(Filter, Comparisons) {
  struct Case {
    std::string field, value;
    int order;  // Of the field beside the value; 9 where they do not compare.
  };
  const std::vector<Case> cases = {{"1", "2", -1},
                                   {"2", "2.0", 0},
                                   {"3", "2.5", 1},
                                   {"\"10\"", "9", 1},
                                   {"10", "\"9\"", 1},
                                   {"\"10\"", "\"9\"", 1},
                                   {"\"1e1\"", "10", 0},
                                   {"9007199254740993", "9007199254740992.0", 1},
                                   {"\"18446744073709551615\"", "18446744073709551614", 1},
                                   {"\"2026-01-31\"", "\"2026-01-30T23:00:00-05:00\"", -1},
                                   {"\"2026-01-31\"", "\"2026-01-31T00:00:00Z\"", 0},
                                   {"\"2026-01-31T10:00:00Z\"", "\"2026-01-31 09:00\"", 1},
                                   {"\"2026-01-31\"", "5", 9},
                                   {"\"abc\"", "\"abd\"", 9},
                                   {"\"abc\"", "1", 9},
                                   {"1", "\"abc\"", 9},
                                   {"true", "false", 9},
                                   {"1", "null", 9},
                                   {"null", "1", 9},
                                   {"[5]", "1", 1},
                                   {"[\"x\",null,\"5\"]", "1", 1},
                                   {"[[5]]", "1", 9},
                                   {"[]", "1", 9},
                                   {"{}", "1", 9},
                                   {"1", "[0]", 9},
                                   {"\"\"", "0", 9},
                                   {"\" 1\"", "0", 9},
                                   {"", "0", 9}};
  for (const auto& [field, value, order] : cases) {
    EXPECT_EQ(test("gt", value, field), order == 1) << field << " " << value;
    EXPECT_EQ(test("lt", value, field), order == -1) << field << " " << value;
    EXPECT_EQ(test("gte", value, field), order == 1 || order == 0) << field << " " << value;
    EXPECT_EQ(test("lte", value, field), order == -1 || order == 0)
        << field << " " << value;
  }
}

TEST(Filter, Strings) {
  EXPECT_TRUE(test("contains", "\"ell\"", "\"hello\""));
  EXPECT_FALSE(test("contains", "\"ELL\"", "\"hello\""));
  EXPECT_TRUE(test("contains", "\"ELL\"", "\"hello\"", false));
  EXPECT_TRUE(test("contains", "\"SS\"", "\"Straße\"", false));
  EXPECT_TRUE(test("contains", "\"\"", "\"\""));
  EXPECT_TRUE(test("contains", "\"b\"", "[\"a\",\"b\"]"));
  EXPECT_FALSE(test("contains", "\"b\"", "[\"abc\"]"));  // An item, not a part of one.
  EXPECT_TRUE(test("contains", "2", "[1,2.0]"));
  EXPECT_FALSE(test("contains", "2", "\"123\""));
  EXPECT_FALSE(test("contains", "null", "\"null\""));
  EXPECT_FALSE(test("contains", "\"a\"", "{\"a\":1}"));
  EXPECT_FALSE(test("contains", "\"a\"", ""));

  EXPECT_TRUE(test("starts_with", "\"he\"", "\"hello\""));
  EXPECT_FALSE(test("starts_with", "\"lo\"", "\"hello\""));
  EXPECT_TRUE(test("ends_with", "\"LO\"", "\"hello\"", false));
  EXPECT_FALSE(test("ends_with", "\"LO\"", "\"hello\""));
  EXPECT_FALSE(test("starts_with", "\"1\"", "12"));
  EXPECT_FALSE(test("starts_with", "\"h\"", "[\"hello\"]"));
  EXPECT_FALSE(test("starts_with", "null", "\"null\""));
}

// Goal: every operator that may ignore case takes the spellings of a text for the same.
TEST(Filter, SpellingsOfOneText) {
  const std::pair<const char*, const char*> same[] = {
      {"caf\u00E9", "CAFE\u0301"},   {"\u0130stanbul", "istanbul"},
      {"\u0130stanbul", "ISTANBUL"}, {"i\u0307stanbul", "\u0130STANBUL"},
      {"Stra\u00DFe", "STRASSE"},    {"\u1112\u1161\u11AB", "\uD55C"},
      {"s\u0307\u0323", "\u1E68"},   {"\u03C3\u03AF\u03C2", "\u03A3\u0399\u0301\u03A3"}};
  for (const auto& [a, b] : same) {
    for (const auto& [x, y] : {std::pair(a, b), std::pair(b, a)}) {
      const std::string value = fmt::format("\"{}\"", x), field = fmt::format("\"{}\"", y);
      for (const char* op : {"eq", "contains", "starts_with", "ends_with", "text"}) {
        EXPECT_TRUE(test(op, value, field, false)) << op << x << y;
      }
      EXPECT_TRUE(test("in", "[1," + value + "]", field, false)) << x << y;
      EXPECT_FALSE(test("ne", value, field, false)) << x << y;
      EXPECT_FALSE(test("nin", "[" + value + "]", field, false)) << x << y;
      EXPECT_TRUE(test("contains", value, "[" + field + "]", false)) << x << y;
      EXPECT_TRUE(test("eq", R"({"k":)" + value + "}", R"({"k":)" + field + "}", false));
      EXPECT_FALSE(test("eq", value, field, true)) << x << y;
    }
  }
  EXPECT_TRUE(test("regex", "\"^caf\u00E9$\"", "\"CAFE\u0301\"", false));
  EXPECT_TRUE(test("regex", "\"^cafe\u0301$\"", "\"CAF\u00C9\"", false));
  EXPECT_TRUE(test("regex", "\"^.$\"", "\"e\u0301\"", false));
  EXPECT_TRUE(test("regex", "\"\\\\W\u0301?x\"", "\"!x\"", false));
  EXPECT_FALSE(test("regex", "\"^caf\u00E9$\"", "\"cafe\u0301\"", true));
}

TEST(Filter, SaysWhereTextHasNoWords) {
  const auto warnings = [](const char* value) {
    return Filter::condition("f", "text", value, false, "filters").value().warnings();
  };
  ASSERT_EQ(warnings("?!").size(), 1u);
  EXPECT_NE(warnings("?!").front().find("filters.value is '?!'"), std::string::npos);
  EXPECT_TRUE(warnings(" ").empty());
  EXPECT_TRUE(warnings("a").empty());
  EXPECT_TRUE(warnings("😀").empty());
}

TEST(Filter, Regex) {
  EXPECT_TRUE(test("regex", "\"l+o\"", "\"hello\""));
  EXPECT_FALSE(test("regex", "\"^l+o\"", "\"hello\""));
  EXPECT_FALSE(test("regex", "\"HELLO\"", "\"hello\""));
  EXPECT_TRUE(test("regex", "\"HELLO\"", "\"hello\"", false));
  EXPECT_TRUE(test("regex", "\"^É.É$\"", "\"été\"", false));
  EXPECT_TRUE(test("regex", R"("^\\W$")", "\"!\"", false));  // Not folded into \w.
  EXPECT_FALSE(test("regex", "\"1\"", "1"));
  EXPECT_FALSE(test("regex", "\"a\"", "[\"a\"]"));
  EXPECT_FALSE(test("regex", "null", "\"null\""));
  // A pattern that takes a backtracking engine for ever.
  EXPECT_FALSE(test("regex", "\"^(a+)+$\"", "\"" + std::string(50'000, 'a') + "!\""));

  EXPECT_EQ(refusal(R"({"field":"f","operator":"regex","value":"("})").location,
            "filters.value");
  EXPECT_NE(
      refusal(R"j({"field":"f","operator":"regex","value":"a(?=b)"})j").message.find("RE2"),
      std::string::npos);
  EXPECT_EQ(
      refusal(R"j({"field":"f","operator":"regex","value":"(((a{100}){100}){100})"})j")
          .location,
      "filters.value");

  std::string many = R"({"OR":[)";
  for (std::size_t i = 0; i <= kFilterRegexCountMax; ++i) {
    many += fmt::format(R"({}{{"field":"f","operator":"regex","value":"a{}"}})",
                        i == 0 ? "" : ",", i);
  }
  EXPECT_EQ(refusal(many + "]}").location,
            fmt::format("filters.OR[{}].value", kFilterRegexCountMax));
}

TEST(Filter, Text) {
  EXPECT_TRUE(test("text", "\"FOX quick\"", "\"The quick, brown fox.\""));
  EXPECT_FALSE(test("text", "\"fox slow\"", "\"The quick, brown fox.\""));
  EXPECT_FALSE(test("text", "\"fo\"", "\"fox\""));
  EXPECT_TRUE(test("text", "\"été été\"", "\"L'ÉTÉ\""));
  EXPECT_TRUE(test("text", "\"  \"", "\"anything\""));
  EXPECT_FALSE(test("text", "\"?!\"", "\"anything?!\""));
  EXPECT_TRUE(test("text", "\"大学\"", "\"東京大学です\""));  // As a search splits it.
  EXPECT_FALSE(test("text", "\"京学\"", "\"東京大学です\""));
  EXPECT_TRUE(test("text", "\"don't\"", "\"I don’t\""));
  EXPECT_TRUE(test("text", "\"😀\"", "\"ok😀\""));
  EXPECT_FALSE(test("text", "\"😀\"", "\"ok😁\""));
  EXPECT_FALSE(test("text", "\"fox\"", "[\"fox\"]"));
  EXPECT_FALSE(test("text", "\"\"", ""));
}

TEST(Filter, ExistsAndIsNull) {
  struct Case {
    std::string field;
    bool exists, null;
  };
  for (const auto& [field, exists, null] :
       std::vector<Case>{{"", false, true}, {"null", true, true}, {"0", true, false}}) {
    EXPECT_EQ(test("exists", "true", field), exists);
    EXPECT_EQ(test("exists", "false", field), !exists);
    EXPECT_EQ(test("exists", "null", field), exists);
    EXPECT_EQ(test("is_null", "true", field), null);
    EXPECT_EQ(test("is_null", "false", field), !null);
  }
  EXPECT_TRUE(matches(R"({"field":"f","operator":"exists"})", R"({"f":1})"));
  EXPECT_TRUE(matches(R"({"field":"f","operator":"is_null"})", "{}"));
  EXPECT_EQ(refusal(R"({"field":"f","operator":"exists","value":1})").message,
            "filters.value is integer; exists takes true or false");
}

// Each condition on a path that passes through a list.
TEST(Filter, LooksIntoTheItemsOfListsOfObjects) {
  const auto on = [](std::string_view op, std::string_view value, std::string_view items,
                     std::string_view path = "items.n") {
    return matches(
        fmt::format(R"({{"field":"{}","operator":"{}","value":{}}})", path, op, value),
        fmt::format(R"({{"items":{}}})", items));
  };
  const auto ab = R"([{"n":"a"},{"n":"b1"},{"m":7}])";
  EXPECT_TRUE(on("eq", R"("b1")", ab));
  EXPECT_FALSE(on("eq", R"("c")", ab));
  EXPECT_FALSE(on("ne", R"("b1")", ab));
  EXPECT_TRUE(on("ne", R"("c")", ab));
  EXPECT_TRUE(on("in", R"(["x","a"])", ab));
  EXPECT_FALSE(on("nin", R"(["x","a"])", ab));
  EXPECT_TRUE(on("nin", R"(["x","y"])", ab));
  EXPECT_TRUE(on("contains", R"("1")", ab));
  EXPECT_TRUE(on("starts_with", R"("b")", ab));
  EXPECT_TRUE(on("ends_with", R"("1")", ab));
  EXPECT_TRUE(on("regex", R"("^b\\d$")", ab));
  EXPECT_TRUE(on("text", R"("b1")", ab));
  EXPECT_FALSE(on("text", R"("a b1")", ab));  // The words of one text.
  EXPECT_TRUE(on("exists", "true", ab));
  EXPECT_FALSE(on("exists", "false", ab));
  EXPECT_TRUE(on("eq", R"("a")", ab, "items.0.n"));
  EXPECT_FALSE(on("eq", R"("a")", ab, "items.1.n"));

  const auto numbers = R"([{"n":5},{"n":[8,9]}])";
  EXPECT_TRUE(on("gt", "4", numbers));
  EXPECT_TRUE(on("gte", "9", numbers));
  EXPECT_FALSE(on("gt", "9", numbers));
  EXPECT_TRUE(on("lt", "6", numbers));
  EXPECT_FALSE(on("lt", "5", numbers));
  EXPECT_TRUE(on("contains", "5", numbers));
  EXPECT_TRUE(on("contains", "8", numbers));
  EXPECT_TRUE(on("eq", "8", numbers));
  EXPECT_TRUE(on("eq", R"("5")", numbers));

  for (const auto nothing : {"[]", "[{}]", "[1,null]", "{}", "null", "[[]]"}) {
    SCOPED_TRACE(nothing);
    EXPECT_FALSE(on("exists", "true", nothing));
    EXPECT_TRUE(on("is_null", "true", nothing));
    EXPECT_TRUE(on("ne", "1", nothing));
    EXPECT_FALSE(on("eq", "null", nothing));
  }
  EXPECT_TRUE(on("is_null", "true", R"([{"n":null},{"n":null}])"));
  EXPECT_TRUE(on("exists", "true", R"([{"n":null},{"n":null}])"));
  EXPECT_FALSE(on("is_null", "true", R"([{"n":null},{"n":0}])"));
  EXPECT_TRUE(on("is_null", "false", R"([{"n":null},{"n":0}])"));
  EXPECT_TRUE(on("eq", "null", R"([{"n":null},{"n":0}])"));
}

TEST(Filter, SortsByTheSmallestOrTheGreatest) {
  const auto sorted_by = [](std::string_view items, bool descending) {
    const json::object root = document(fmt::format(R"({{"items":{}}})", items));
    const json::value* value = sort_value(find_values(root, "items.n"), descending);
    return value == nullptr ? "none" : to_json_text(*value);
  };
  EXPECT_EQ(sorted_by(R"([{"n":3},{"n":10},{"n":2}])", false), "2");
  EXPECT_EQ(sorted_by(R"([{"n":3},{"n":10},{"n":2}])", true), "10");
  EXPECT_EQ(sorted_by(R"([{"n":null},{"n":"b"},{"n":"a"}])", false), "\"a\"");
  EXPECT_EQ(sorted_by(R"([{"n":null}])", false), "none");
  EXPECT_EQ(sorted_by("[]", true), "none");
  EXPECT_EQ(sorted_by(R"({"n":[2,1]})", false), "[2,1]");
}

}  // namespace
}  // namespace trawl::filter_operators_test
