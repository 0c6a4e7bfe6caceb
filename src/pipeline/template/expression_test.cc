#include "pipeline/template/expression.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "pipeline/template/template.h"

namespace trawl::expression_test {
namespace {

class ExpressionTest : public testing::Test {
 protected:
  const json::object inputs_ =
      object(R"({"query":"Hello World","max_price":99.5,"n":7,"zero":0,
      "flag":true,"off":false,"empty":"","none":null,"tags":["a","b","c"],"nothing":[],
      "nested":{"deep":{"x":[10,{"y":20}]},"a b":1,"dotted.key":2,"if":3,"été":4},
      "big":9223372036854775807,"bigger":18446744073709551615,"text_number":" 42 ",
      "quote":"say \"hi\" é","items":[{"n":1},{"n":2}],
      "boxes":[{"items":[{"n":1},{"n":3}],"tags":["a"]},{"items":[{"n":2}],"tags":["b"]}]})");
  const json::object document_ = object(R"({"title":"ÉTÉ","score":0.5})");
  const json::object context_ = object(R"({"time_elapsed_ms":12})");
  const json::object stages_ = object(R"({"search":{"count":3,"top_score":0.9}})");
  const TemplateScope scope_{&inputs_, &document_, &context_, &stages_};

  static json::object object(std::string_view text) {
    return parse_json(text).value().get_object();
  }

  Result<json::value> evaluate(std::string_view text) const {
    TRAWL_ASSIGN(const auto expression, Expression::parse(text, 2));
    return expression.evaluate(scope_);
  }
  // The value as JSON, or the message of the error.
  std::string show(std::string_view text) const {
    const auto value = evaluate(text);
    return value ? to_json_text(*value) : "error: " + value.error().message;
  }
};

TEST_F(ExpressionTest, Literals) {
  EXPECT_EQ(show("1"), "1");
  EXPECT_EQ(show(" 2.50 "), "2.5");
  EXPECT_EQ(show("1e3"), "1000.0");
  EXPECT_EQ(show("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(show("1 + 'it"),
            "error: the template has a string that is not closed (at offset 6)");
  EXPECT_EQ(show(R"("a \"b\" \n\\ 'c'")"), R"("a \"b\" \n\\ 'c'")");
  EXPECT_EQ(show(R"('a "b" \'c\'')"), R"("a \"b\" 'c'")");
  EXPECT_EQ(show("true"), "true");
  EXPECT_EQ(show("False"), "false");
  EXPECT_EQ(show("null"), "null");
  EXPECT_EQ(show("none"), "null");
}

TEST_F(ExpressionTest, Paths) {
  EXPECT_EQ(show("INPUT.query"), R"("Hello World")");
  EXPECT_EQ(show("inputs.query"), R"("Hello World")");
  EXPECT_EQ(show("Input . n"), "7");
  EXPECT_EQ(show("DOC.title"), R"("ÉTÉ")");
  EXPECT_EQ(show("document.score"), "0.5");
  EXPECT_EQ(show("CONTEXT.time_elapsed_ms"), "12");
  EXPECT_EQ(show("STAGE.search.count"), "3");
  EXPECT_EQ(show("stages['search'].top_score"), "0.9");
  EXPECT_EQ(show("INPUT.nested.deep.x.0"), "10");
  EXPECT_EQ(show("INPUT.nested.deep.x[0]"), "10");
  EXPECT_EQ(show("INPUT.nested.deep.x[1].y"), "20");
  EXPECT_EQ(show("INPUT.nested[\"deep\"]['x'][ 1 ]['y']"), "20");
  EXPECT_EQ(show("INPUT.nested['a b']"), "1");
  EXPECT_EQ(show("INPUT['nested']['dotted.key']"), "2");
  EXPECT_EQ(show("INPUT.nested.dotted.key"), "2");
  EXPECT_EQ(show("INPUT.nested.if"), "3");
  EXPECT_EQ(show("INPUT.nested.été"), "4");
  EXPECT_EQ(show("INPUT.items[1].n"), "2");
  EXPECT_EQ(show("CONTEXT"), R"({"time_elapsed_ms":12})");
}

TEST_F(ExpressionTest, PathsThroughListsLeadToTheListOfValues) {
  EXPECT_EQ(show("INPUT.items.n"), "[1,2]");
  EXPECT_EQ(show("INPUT.items.0.n"), "1");
  EXPECT_EQ(show("INPUT.items[1].n"), "2");
  EXPECT_EQ(show("INPUT['items'].n"), "[1,2]");
  EXPECT_EQ(show("INPUT.items.n[1]"), "2");
  EXPECT_EQ(show("INPUT.items.n | length"), "2");
  EXPECT_EQ(show("INPUT.items.n | join('-')"), R"("1-2")");
  EXPECT_EQ(show("INPUT.items.n | first"), "1");
  EXPECT_EQ(show("INPUT.nested.deep.x.y"), "[20]");
  EXPECT_EQ(show("INPUT.boxes.items.n"), "[1,3,2]");
  EXPECT_EQ(show("INPUT.boxes[0].items.n"), "[1,3]");
  EXPECT_EQ(show("INPUT.boxes.tags"), R"([["a"],["b"]])");
  EXPECT_EQ(show("INPUT.boxes.tags[1][0]"), R"("b")");
  EXPECT_EQ(show("INPUT.items.other"), "null");
  EXPECT_EQ(show("INPUT.items.other | default(5)"), "5");
  EXPECT_EQ(show("INPUT.nothing.n"), "null");
  EXPECT_EQ(show("INPUT.tags.n"), "null");
}

TEST_F(ExpressionTest, WhatIsMissingIsNull) {
  for (const std::string text :
       {"INPUT.missing", "INPUT.missing.deeper[3]['x']", "INPUT.tags[3]", "INPUT.tags.x",
        "INPUT.query.x", "INPUT.query[0]", "INPUT[0]", "INPUT['x']", "INPUT.none.x",
        "INPUT.tags['0']", "INPUT.nested[0]", "INPUT.tags[99999999999999999]"}) {
    EXPECT_EQ(show(text), "null") << text;
  }
  const TemplateScope nothing;
  EXPECT_TRUE(Expression::parse("DOC.title", 0)->evaluate(nothing)->is_null());
  EXPECT_TRUE(Expression::parse("DOC", 0)->evaluate(nothing)->is_null());
}

TEST_F(ExpressionTest, Arithmetic) {
  EXPECT_EQ(show("1 + 2 * 3"), "7");
  EXPECT_EQ(show("(1 + 2) * 3"), "9");
  EXPECT_EQ(show("10 - 4 - 3"), "3");
  EXPECT_EQ(show("20 * inputs.n"), "140");
  EXPECT_EQ(show("INPUT.max_price * 2"), "199.0");
  EXPECT_EQ(show("10 / 2"), "5");
  EXPECT_EQ(show("10 / 4"), "2.5");
  EXPECT_EQ(show("7 % 3"), "1");
  EXPECT_EQ(show("-7 % 3"), "2");
  EXPECT_EQ(show("7 % -3"), "-2");
  EXPECT_EQ(show("7.5 % 2"), "1.5");
  EXPECT_EQ(show("-7.5 % 2"), "0.5");
  EXPECT_EQ(show("-INPUT.n"), "-7");
  EXPECT_EQ(show("--INPUT.n"), "7");
  EXPECT_EQ(show("3-2"), "1");
  EXPECT_EQ(show("3--2"), "5");
  EXPECT_EQ(show("2 * -3"), "-6");
  EXPECT_EQ(show("-2.5"), "-2.5");
  EXPECT_EQ(show("INPUT.big + 1"), "9223372036854775808.0");
  EXPECT_EQ(show("0 - INPUT.big - 1"), "-9223372036854775808");
  EXPECT_EQ(show("(0 - INPUT.big - 1) / -1"), "9223372036854775808.0");
  EXPECT_EQ(show("(0 - INPUT.big - 1) % -1"), "0");
  EXPECT_EQ(show("INPUT.bigger - 1"), "18446744073709551616.0");
}

TEST_F(ExpressionTest, WhatHasNoAnswerIsNull) {
  for (const std::string text : {"1 / 0", "1 / 0.0", "1 % 0", "1.5 % 0", "1 + null",
                                 "INPUT.missing * 2", "-INPUT.query", "INPUT.tags + 1",
                                 "true + 1", "1e308 * 10", "'3' * 2", "INPUT.query - 1"}) {
    EXPECT_EQ(show(text), "null") << text;
  }
}

TEST_F(ExpressionTest, PlusJoinsText) {
  EXPECT_EQ(show("'a' + 'b'"), R"("ab")");
  EXPECT_EQ(show("'a' + 1"), R"("a1")");
  EXPECT_EQ(show("1 + 'a'"), R"("1a")");
  EXPECT_EQ(show("1 + 2 + 'a' + 1 + 2"), R"("3a12")");
  EXPECT_EQ(show("'a' + null"), R"("a")");
  EXPECT_EQ(show("'a' + INPUT.tags"), R"("a[\"a\",\"b\",\"c\"]")");
  EXPECT_EQ(show("'a' + true"), R"("atrue")");
}

TEST_F(ExpressionTest, Comparisons) {
  EXPECT_EQ(show("1 == 1.0"), "true");
  EXPECT_EQ(show("1 == '1'"), "false");
  EXPECT_EQ(show("'a' != 'A'"), "true");
  EXPECT_EQ(show("INPUT.missing == null"), "true");
  EXPECT_EQ(show("INPUT.tags == INPUT.tags"), "true");
  EXPECT_EQ(show("2 < 10"), "true");
  EXPECT_EQ(show("'2' < '10'"), "false");
  EXPECT_EQ(show("'2026-01-31' >= '2026-01-31T00:00:00Z'"), "true");
  EXPECT_EQ(show("1 <= 1"), "true");
  EXPECT_EQ(show("1 > 1"), "false");
  EXPECT_EQ(show("null < 1"), "false");
  EXPECT_EQ(show("null >= null"), "false");
  EXPECT_EQ(show("1 + 1 == 2"), "true");
  EXPECT_EQ(show("INPUT.big == INPUT.big + 0.0"), "false");
}

TEST_F(ExpressionTest, Logic) {
  EXPECT_EQ(show("true and false"), "false");
  EXPECT_EQ(show("true && not false"), "true");
  EXPECT_EQ(show("!INPUT.flag || INPUT.off"), "false");
  EXPECT_EQ(show("not not INPUT.n"), "true");
  EXPECT_EQ(show("!!!INPUT.n"), "false");
  EXPECT_EQ(show("not 1 == 2"), "true");
  EXPECT_EQ(show("true or true and false"), "true");
  EXPECT_EQ(show("(true or true) and false"), "false");
  EXPECT_EQ(show("INPUT.missing or 'fallback'"), R"("fallback")");
  EXPECT_EQ(show("INPUT.n and INPUT.query"), R"("Hello World")");
  EXPECT_EQ(show("INPUT.zero or INPUT.empty or INPUT.nothing"), "[]");
  EXPECT_EQ(show("INPUT.order_by"), "null");  // A name that only begins like a word.
  EXPECT_EQ(show("1 != 2"), "true");
}

TEST_F(ExpressionTest, Choices) {
  EXPECT_EQ(show("INPUT.max_price > 50 ? 200 : 50"), "200");
  EXPECT_EQ(show("200 if INPUT.max_price > 500 else 50"), "50");
  EXPECT_EQ(show("'x' if INPUT.off"), "null");
  EXPECT_EQ(show("1 ? 2 ? 3 : 4 : 5"), "3");
  EXPECT_EQ(show("0 ? 1 : 0 ? 2 : 3"), "3");
  EXPECT_EQ(show("1 if 0 else 2 if 0 else 3"), "3");
  EXPECT_EQ(show("INPUT.flag?1:2"), "1");
  EXPECT_EQ(show("(1 if INPUT.flag else 2) + 1"), "2");
}

TEST_F(ExpressionTest, Filters) {
  EXPECT_EQ(show("INPUT.quote | tojson"), R"("\"say \\\"hi\\\" é\"")");
  EXPECT_EQ(show("INPUT.tags | tojson"), R"("[\"a\",\"b\",\"c\"]")");
  EXPECT_EQ(show("INPUT.missing | tojson"), R"("null")");
  EXPECT_EQ(show("INPUT.tags | length"), "3");
  EXPECT_EQ(show("DOC.title|length"), "3");
  EXPECT_EQ(show("INPUT.nested | length"), "5");
  EXPECT_EQ(show("INPUT.missing | length"), "0");
  EXPECT_EQ(show("INPUT.n | length"), "null");
  EXPECT_EQ(show("INPUT.tags | length * 2"), "6");
  EXPECT_EQ(show("INPUT.missing | default('x')"), R"("x")");
  EXPECT_EQ(show("INPUT.empty | default('x')"), R"("")");
  EXPECT_EQ(show("INPUT.missing | default(INPUT.n + 1)"), "8");
  EXPECT_EQ(show("INPUT.tags | first"), R"("a")");
  EXPECT_EQ(show("INPUT.tags | last"), R"("c")");
  EXPECT_EQ(show("INPUT.nothing | first"), "null");
  EXPECT_EQ(show("DOC.title | first"), R"("É")");
  EXPECT_EQ(show("DOC.title | last | lower"), R"("é")");
  EXPECT_EQ(show("INPUT.tags | join(', ')"), R"("a, b, c")");
  EXPECT_EQ(show("INPUT.tags | join"), R"("abc")");
  EXPECT_EQ(show("INPUT.nested.deep.x | join('-')"), R"("10-{\"y\":20}")");
  EXPECT_EQ(show("INPUT.missing | join(',')"), "null");
  EXPECT_EQ(show("DOC.title | lower"), R"("été")");
  EXPECT_EQ(show("'straße été' | upper"), R"("STRAẞE ÉTÉ")");
  EXPECT_EQ(show("INPUT.text_number | trim"), R"("42")");
  EXPECT_EQ(show("INPUT.text_number | int"), "42");
  EXPECT_EQ(show("'-3.9' | int"), "-3");
  EXPECT_EQ(show("'x' | int"), "null");
  EXPECT_EQ(show("1e300 | int"), "null");
  EXPECT_EQ(show("true | int"), "1");
  EXPECT_EQ(show("'3' | float"), "3.0");
  EXPECT_EQ(show("7 | float"), "7.0");
  EXPECT_EQ(show("7 | string"), R"("7")");
  EXPECT_EQ(show("null | string"), R"("")");
  EXPECT_EQ(show("'a' | upper()"), R"("A")");
  EXPECT_EQ(show("'a' || 'b'"), R"("a")");
  EXPECT_EQ(show("INPUT.missing | default('a') | upper == 'A' ? 1 : 2"), "1");
}

TEST_F(ExpressionTest, RefusalsSayWhatAndWhere) {
  const auto says = [&](std::string_view text, std::string_view words) {
    const auto parsed = Expression::parse(text, 2);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid);
    EXPECT_NE(parsed.error().message.find(words), std::string::npos)
        << text << ": " << parsed.error().message;
  };
  says("", "ends where a value should be (at offset 2)");
  says("1 +", "ends where a value should be (at offset 5)");
  says("1 2", "has '2' where an operator or the end should be (at offset 4)");
  says("(1", "ends where ')' should be");
  says("1 ? 2", "ends where ':' should be");
  says("INPUT.", "has '.' where");
  says("INPUT..x", "a name after '.'");
  says("INPUT.[0]", "a name after '.'");
  says("INPUT[x]", "a number or a quoted key");
  says("INPUT[-1]", "a number or a quoted key");
  says("INPUT[]", "a number or a quoted key");
  says("INPUT[99999999999999999999]", "a number or a quoted key");
  says("INPUT['x'", "']'");
  says("INPUTT.x",
       "names 'INPUTT', which is unknown; begin with one of INPUT, DOC, CONTEXT, STAGE "
       "(did you mean 'input'?)");
  says("query", "which is unknown");
  says("SECRET.key", "no secrets are configured");
  says("secrets.key", "no secrets are configured");
  says("INPUT.x | uper", "has no filter 'uper'; use one of tojson, length");
  says("INPUT.x | uper", "(did you mean 'upper'?)");
  says("INPUT.x |", "the name of a filter");
  says("INPUT.x | default", "needs an argument");
  says("INPUT.x | upper(1)", "takes none");
  says("INPUT.x | join(1", "')'");
  says("1 < 2 < 3", "has '< 3' where an operator or the end");
  says("1 = 1", "has '= 1'");
  says("12abc", "malformed number");
  says("'a\\q'", "unknown escape");
  says("'a\\", "not closed");
  says("{'a': 1}", "where a value should be");
  says("[1]", "where a value should be");
  says("\xff\xfe", "unknown");
  says("1 \x01", "where an operator");
}

TEST_F(ExpressionTest, LengthAndDepthAreLimited) {
  EXPECT_EQ(show(std::string(kExpressionLengthMax - 1, ' ') + "1"), "1");
  EXPECT_FALSE(evaluate(std::string(kExpressionLengthMax, ' ') + "1"));

  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "1" + std::string(depth, ')');
  };
  EXPECT_EQ(show(nested(kTemplateExpressionDepthMax - 1)), "1");
  EXPECT_EQ(show(nested(kTemplateExpressionDepthMax)),
            "error: the template is nested deeper than 32 levels (at offset 34)");
  for (const std::string text : {"1?", "1 if 1 else ", "null|default("}) {
    std::string long_text;
    for (int i = 0; i < 100; ++i) long_text += text;
    EXPECT_NE(show(long_text + "1").find("nested deeper"), std::string::npos) << text;
  }
  // What is long but not deep is no trouble.
  std::string sum = "1", negations, signs;
  for (int i = 0; i < 1000; ++i) sum += "+1";
  EXPECT_EQ(show(sum), "1001");
  EXPECT_EQ(show(std::string(4000, '!') + "1"), "true");
  EXPECT_EQ(show(std::string(4001, '-') + "1"), "-1");
  std::string pipes = "'a'";
  for (int i = 0; i < 17; ++i) pipes += "|trim";
  EXPECT_NE(show(pipes).find("more than 16 filters"), std::string::npos);
}

TEST_F(ExpressionTest, TextOnTheWayIsLimited) {
  json::object inputs;
  inputs["long"] = std::string(600'000, '"');
  const TemplateScope scope{&inputs, nullptr, nullptr, nullptr};
  const auto fails = [&](std::string_view text) {
    const auto value = Expression::parse(text, 0)->evaluate(scope);
    return !value && value.error().code == ErrorCode::invalid;
  };
  EXPECT_FALSE(fails("INPUT.long"));
  EXPECT_TRUE(fails("INPUT.long + INPUT.long"));
  EXPECT_TRUE(fails("(INPUT.long + INPUT.long) | length"));
  EXPECT_TRUE(fails("INPUT.long | tojson"));
}

}  // namespace
}  // namespace trawl::expression_test
