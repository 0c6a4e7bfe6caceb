#include "query/filter.h"
#include "text/fold.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/field_path.h"
#include "base/work_limit.h"
#include "query/absent.h"
#include "query/filter_value.h"

namespace trawl::filter_test {
namespace {

json::value parse(std::string_view text) {
  return parse_json(text).value();
}

json::object document(std::string_view text) {
  return parse(text).get_object();
}

bool matches(std::string_view filter, std::string_view doc,
             const FilterOptions& options = {}) {
  const auto compiled = Filter::compile(parse(filter), "filters", options);
  EXPECT_TRUE(compiled) << filter << ": " << compiled.error().message;
  if (!compiled) return false;
  const json::object object = document(doc);
  const bool direct = compiled->matches(object);
  EXPECT_EQ(direct, compiled->matches(
                        [&](std::string_view path) { return find_values(object, path); }));
  return direct;
}

// One condition on field f, case counting or not.
bool test(std::string_view op, std::string_view value, std::string_view field,
          bool case_sensitive = true) {
  return matches(
      fmt::format(R"({{"field":"f","operator":"{}","value":{},"case_sensitive":{}}})", op,
                  value, case_sensitive),
      field.empty() ? "{}" : fmt::format(R"({{"f":{}}})", field));
}

Error refusal(std::string_view filter, const FilterOptions& options = {}) {
  const auto compiled = Filter::compile(parse(filter), "filters", options);
  EXPECT_FALSE(compiled) << filter;
  if (compiled) return {};
  EXPECT_EQ(compiled.error().code, ErrorCode::invalid);
  return compiled.error();
}

FilterOptions sensitive() {
  FilterOptions options;
  options.case_sensitive = true;
  return options;
}

FilterOptions with_templates() {
  FilterOptions options;
  options.templates = ObjectReader::Templates::allowed;
  return options;
}

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

std::string fingerprint(std::string_view text, const FilterOptions& options = {}) {
  return Filter::compile(parse(text), "", options).value().fingerprint();
}

TEST(Filter, FingerprintsOfOneMeaningAreOne) {
  const std::vector<std::vector<std::string>> same = {
      {"{}", "null", R"({"AND":[]})", R"({"AND":[{},{"AND":[]}]})"},
      {R"({"OR":[]})"},
      {R"({"NOT":[]})"},
      {R"({"a":1})", R"({"field":"a","value":1.0})", R"({"AND":[{"a":1},{"a":1}]})",
       R"({"OR":[{"a":1}]})",
       R"({"case_sensitive":false,"value":1,"operator":"eq","field":"a"})",
       R"({"field":"a","value":1,"case_sensitive":true})"},
      {R"({"a":"x"})", R"({"a":"X"})"},
      {R"({"field":"a","value":"x","case_sensitive":true})"},
      {R"({"field":"a","value":"X","case_sensitive":true})"},
      {R"({"a":1,"b":2})", R"({"b":2,"a":1})", R"({"AND":[{"b":2},{"AND":[{"a":1}]}]})"},
      {R"({"OR":[{"a":1},{"b":2}]})", R"({"OR":[{"OR":[{"b":2}]},{"a":1}]})"},
      {R"({"NOT":[{"a":1},{"b":2}]})", R"({"NOT":{"OR":[{"b":2},{"a":1}]}})"},
      {R"({"NOT":{"AND":[{"a":1},{"b":2}]}})"},
      {R"({"field":"a","operator":"gt","value":5})",
       R"({"field":"a","operator":"gt","value":"5"})"},
      {R"({"field":"a","operator":"gt","value":"2026-01-31"})",
       R"({"field":"a","operator":"gt","value":"2026-01-31T00:00:00Z"})"},
      {R"({"field":"a","operator":"gt","value":null})",
       R"({"field":"a","operator":"gt","value":"x"})"},
      {R"({"field":"a","operator":"in","value":[1,2]})",
       R"({"field":"a","operator":"in","value":[2,1.0,1]})"},
      {R"({"field":"a","operator":"in","value":"1"})",
       R"({"field":"a","operator":"in","value":["1"]})"},
      {R"({"field":"a","operator":"nin","value":[1,2]})"},
      {R"({"field":"a","operator":"text","value":"b A"})",
       R"({"field":"a","operator":"text","value":"a, b!"})"},
      {R"({"field":"a","operator":"text","value":null})"},
      {R"({"field":"a","operator":"exists"})",
       R"({"field":"a","operator":"exists","value":true})"},
      {R"({"a:":1})"},
      {R"({"a":[1]})"},
      {R"({"a":"1"})"}};
  for (std::size_t i = 0; i < same.size(); ++i) {
    for (std::size_t j = 0; j < same.size(); ++j) {
      for (const auto& a : same[i]) {
        for (const auto& b : same[j]) {
          EXPECT_EQ(fingerprint(a) == fingerprint(b), i == j) << a << " " << b;
        }
      }
    }
  }
  EXPECT_NE(fingerprint(R"({"a":"x"})"), fingerprint(R"({"a":"x"})", sensitive()));
  EXPECT_EQ(fingerprint(R"({"a":1})"), fingerprint(R"({"a":1})", sensitive()));
  EXPECT_NE(fingerprint(R"({"a":"{{x}}"})", with_templates()),
            fingerprint(R"({"a":"{{x}}"})"));
}

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
}  // namespace trawl::filter_test
