#include "pipeline/template/template.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "query/absent.h"

namespace trawl::template_test {
namespace {

json::value parse(std::string_view text) {
  return parse_json(text).value();
}

json::object inputs_of(std::string_view text) {
  return parse(text).get_object();
}

std::string render(std::string_view text, const json::object& inputs) {
  const auto value = render_template(text, {&inputs, nullptr, nullptr, nullptr});
  return value ? to_json_text(*value) : "error: " + value.error().message;
}

TEST(Template, AWholeValueKeepsItsType) {
  const auto inputs =
      inputs_of(R"({"n":5,"d":0.5,"l":[1,"x"],"o":{"a":1},"s":"text","b":true})");
  EXPECT_EQ(render("{{INPUT.n}}", inputs), "5");
  EXPECT_EQ(render("{{ INPUT.d }}", inputs), "0.5");
  EXPECT_EQ(render("{{INPUT.l}}", inputs), R"([1,"x"])");
  EXPECT_EQ(render("{{INPUT.o}}", inputs), R"({"a":1})");
  EXPECT_EQ(render("{{INPUT.b}}", inputs), "true");
  EXPECT_EQ(render("{{INPUT.s}}", inputs), R"("text")");
  EXPECT_EQ(render("{{INPUT.missing}}", inputs), "null");
  EXPECT_EQ(render("{{ 20 * INPUT.n }}", inputs), "100");
}

TEST(Template, EmbeddedValuesBecomeText) {
  const auto inputs = inputs_of(R"({"n":5,"l":[1,"x"],"s":"text","b":true,"q":"a \"b\""})");
  EXPECT_EQ(render("metadata.{{INPUT.s}}", inputs), R"("metadata.text")");
  EXPECT_EQ(render(" {{INPUT.n}}", inputs), R"(" 5")");
  EXPECT_EQ(render("{{INPUT.n}}{{INPUT.n}}", inputs), R"("55")");
  EXPECT_EQ(render("<{{INPUT.missing}}>", inputs), R"("<>")");
  EXPECT_EQ(render("<{{INPUT.l}}|{{INPUT.b}}>", inputs), R"("<[1,\"x\"]|true>")");
  EXPECT_EQ(render(R"({"q": {{ INPUT.q | tojson }}})", inputs),
            R"("{\"q\": \"a \\\"b\\\"\"}")");
  EXPECT_EQ(render("", inputs), R"("")");
  EXPECT_EQ(render("plain", inputs), R"("plain")");
}

TEST(Template, ListsOfValuesAreJsonInsideText) {
  const auto inputs = inputs_of(R"({"items":[{"n":"a"},{"n":"b"},{"m":1}]})");
  EXPECT_EQ(render("{{INPUT.items.n}}", inputs), R"(["a","b"])");
  EXPECT_EQ(render("of {{INPUT.items.n}}", inputs), R"("of [\"a\",\"b\"]")");
  EXPECT_EQ(render("of {{INPUT.items.n | join(', ')}}", inputs), R"("of a, b")");
  const TemplateScope scope{&inputs, nullptr, nullptr, nullptr};
  const auto dynamic = parse(R"({"type":"dynamic","field":"inputs.items.n"})");
  EXPECT_EQ(to_json_text(render_templates(dynamic, scope).value()), R"(["a","b"])");
}

TEST(Template, SingleBracesAndClosingBracesAreText) {
  const auto inputs = inputs_of(R"({"x":1})");
  EXPECT_EQ(render("{INPUT.x} {}", inputs), R"("{INPUT.x} {}")");
  EXPECT_EQ(render("}} {{INPUT.x}} }}", inputs), R"("}} 1 }}")");
  EXPECT_EQ(render(R"({"a":{{INPUT.x}}})", inputs), R"("{\"a\":1}")");
  EXPECT_EQ(render(R"({{ "{{" }})", inputs), R"("{{")");
  EXPECT_EQ(render(R"({{ "{{" }}INPUT.x{{ "}}" }})", inputs), R"("{{INPUT.x}}")");
  EXPECT_EQ(render(R"({{ '\'}}' }})", inputs), R"("'}}")");
}

// Goal: one pass. What is inserted is data, however much it looks like a template.
TEST(Template, InsertedTextIsNotReadAgain) {
  const auto inputs = inputs_of(R"({"a":"{{INPUT.secret}}","b":"{{","c":"INPUT.secret}}",
      "secret":"leaked"})");
  EXPECT_EQ(render("{{INPUT.a}}", inputs), R"("{{INPUT.secret}}")");
  EXPECT_EQ(render("<{{INPUT.a}}>", inputs), R"("<{{INPUT.secret}}>")");
  EXPECT_EQ(render("{{INPUT.b}}{{INPUT.c}}", inputs), R"("{{INPUT.secret}}")");
  EXPECT_EQ(render("{{INPUT.b}}INPUT.secret}}", inputs), R"("{{INPUT.secret}}")");
  const auto whole = render_templates(
      parse(R"({"x":["{{INPUT.a}}",{"type":"dynamic","field":"inputs.a"}]})"),
      {&inputs, nullptr, nullptr, nullptr});
  EXPECT_EQ(to_json_text(*whole), R"({"x":["{{INPUT.secret}}","{{INPUT.secret}}"]})");
}

TEST(Template, RefusalsSayWhere) {
  const auto message = [](std::string_view text) {
    const auto checked = check_template(text);
    EXPECT_FALSE(checked) << text;
    EXPECT_EQ(render(text, {}), "error: " + checked.error().message);
    return checked.error().message;
  };
  EXPECT_NE(message("abc {{ INPUT.x").find("without '}}' (at offset 4)"),
            std::string::npos);
  EXPECT_NE(message("{{").find("(at offset 0)"), std::string::npos);
  EXPECT_NE(message("{{}}").find("(at offset 2)"), std::string::npos);
  EXPECT_NE(message("é {{ INPUT.x | x }}").find("(at offset 16)"), std::string::npos);
  EXPECT_NE(message("{{INPUT.a}} {{ SECRET.b }}").find("no secrets"), std::string::npos);
  EXPECT_NE(message("{{ 'a }}").find("without '}}'"), std::string::npos);
  EXPECT_NE(message("{{{INPUT.x}}}").find("has '{INPUT.x'"), std::string::npos);
}

TEST(Template, LimitsHold) {
  std::string many;
  for (std::size_t i = 0; i < kTemplateExpressionCountMax; ++i) many += "{{1}}";
  EXPECT_EQ(render(many, {}), "\"" + std::string(kTemplateExpressionCountMax, '1') + "\"");
  EXPECT_NE(render(many + "{{1}}", {}).find("more than 1000 expressions"),
            std::string::npos);

  json::object inputs;
  inputs["long"] = std::string(kTemplateOutputMax / 2, 'x');
  const TemplateScope scope{&inputs, nullptr, nullptr, nullptr};
  EXPECT_TRUE(render_template("{{INPUT.long}}{{INPUT.long}}", scope));
  EXPECT_FALSE(render_template("{{INPUT.long}}{{INPUT.long}}.", scope));
  EXPECT_FALSE(render_template("{{INPUT.long}}{{INPUT.long}}.{{1/0}}", scope));

  // A whole value counts too, and so do many of them together.
  json::array list;
  for (int i = 0; i < 3; ++i) list.push_back(inputs["long"]);
  inputs["list"] = list;
  EXPECT_FALSE(render_template("{{INPUT.list}}", scope));
  json::array greedy;
  for (int i = 0; i < 40; ++i) greedy.push_back("{{INPUT.long}}");
  const auto rendered = render_templates(greedy, scope);
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().code, ErrorCode::invalid);
  greedy.resize(30);
  EXPECT_TRUE(render_templates(greedy, scope));
  // Text that has no templates is not counted.
  EXPECT_TRUE(
      render_templates(json::value(std::string(3 * kTemplateOutputMax, 'x')), scope));
}

TEST(Template, ValuesAreRenderedInside) {
  const auto inputs = inputs_of(R"({"x":1,"k":"y"})");
  const TemplateScope scope{&inputs, nullptr, nullptr, nullptr};
  const auto rendered = render_templates(
      parse(
          R"({"{{INPUT.k}}":"{{INPUT.k}}","n":2,"l":[true,null,"a{{INPUT.x}}",{"d":"{{INPUT.x}}"}],
                "dynamic":{"type":"dynamic","field":"inputs.x"},
                "upper":{"type":"dynamic","field":"INPUT.missing"},
                "all":{"field":"inputs","type":"dynamic"},
                "no":{"type":"dynamic","field":"inputs.x","more":1}})"),
      scope);
  ASSERT_TRUE(rendered);
  EXPECT_EQ(canonical_json(*rendered),
            canonical_json(
                parse(R"({"{{INPUT.k}}":"y","n":2,"l":[true,null,"a1",{"d":1}],"dynamic":1,
                                     "upper":null,"all":{"x":1,"k":"y"},
                                     "no":{"type":"dynamic","field":"inputs.x","more":1}})")));
}

TEST(Template, ErrorsInsideValuesCarryTheirPath) {
  const auto source = parse(R"({"searches":[{"query":"ok"},{"query":["{{nope.x}}"]}]})");
  const auto checked = check_templates(source, "stages[0].config.parameters");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().location, "stages[0].config.parameters.searches[1].query[0]");
  EXPECT_EQ(render_templates(source, {}).error().location, "searches[1].query[0]");
  EXPECT_EQ(check_templates(parse(R"(["{{"])"), "at").error().location, "at[0]");
  EXPECT_EQ(check_templates("{{", "at").error().location, "at");
  EXPECT_EQ(check_templates("{{", "").error().location, "");
  const auto dynamic =
      check_templates(parse(R"({"v":{"type":"dynamic","field":"imputs.x"}})"), "at");
  EXPECT_EQ(dynamic.error().location, "at.v");
  EXPECT_NE(dynamic.error().message.find("did you mean 'input"), std::string::npos);
  EXPECT_TRUE(check_templates(
      parse(R"({"v":[{"type":"dynamic","field":"inputs.x"},1,"{{INPUT.x}}"]})"), "at"));
}

TEST(Template, CanBeReadOnceAndRenderedOften) {
  const auto parsed = Template::parse("{{DOC.n}}").value();
  EXPECT_FALSE(parsed.is_plain());
  EXPECT_TRUE(Template::parse("plain }}")->is_plain());
  EXPECT_TRUE(Template::parse("")->is_plain());
  for (int i = 0; i < 3; ++i) {
    const json::object document = {{"n", i}};
    EXPECT_EQ(parsed.render({nullptr, &document, nullptr, nullptr}).value(),
              json::value(i));
  }
}

// --- Random templates beside a naive renderer ------------------------------------------

// An expression as text, and what it must be, computed while it is drawn.
struct Drawn {
  std::string text;
  json::value value;
};

class Drawer {
 public:
  explicit Drawer(std::uint32_t seed) : rng_(seed) {
    inputs_ = inputs_of(
        R"({"i":3,"j":-4,"d":0.25,"s":"{{INPUT.i}}","t":"}} x","u":"","l":[1,"{{",null],
                           "o":{"k":"v"},"yes":true,"no":false,"nil":null})");
  }

  const json::object& inputs() const { return inputs_; }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(rng_() % n); }

  Drawn expression(int depth) {
    if (depth == 0 || below(4) == 0) return atom();
    switch (below(6)) {
      case 0:
        return arithmetic(depth);
      case 1:
        return logic(depth);
      case 2:
        return choice(depth);
      case 3:
        return filter(depth);
      case 4:
        return equality(depth);
      default: {
        Drawn inner = expression(depth - 1);
        return {"(" + space() + inner.text + space() + ")", inner.value};
      }
    }
  }

  std::string space() { return std::string(below(3), " \t\n "[below(4)]); }

 private:
  static bool truth(const json::value& v) {
    const std::string text = to_json_text(v);
    return text != "null" && text != "false" && text != "0" && text != "0.0" &&
           text != "-0.0" && text != "\"\"" && text != "[]" && text != "{}";
  }
  static std::string text_of(const json::value& v) {
    if (v.is_null()) return "";
    return v.is_string() ? std::string(view(v.get_string())) : to_json_text(v);
  }

  Drawn atom() {
    static const std::vector<std::string> kLiterals = {"0",    "7",     "2.5",
                                                       "true", "false", "null"};
    if (below(3) == 0) {
      const auto& text = kLiterals[below(6)];
      return {text, parse(text)};
    }
    if (below(4) == 0) return {R"("a}}\"'{{")", "a}}\"'{{"};
    static const std::vector<std::string> kNames = {"INPUT", "inputs", "Input", "INPUTS"};
    const std::string name = kNames[below(4)];
    if (below(5) == 0) return {name + ".o.k", "v"};
    if (below(5) == 0) return {name + "['l'][1]", "{{"};
    if (below(8) == 0) return {name + ".missing[3].x", nullptr};
    auto field = inputs_.begin();
    std::advance(field, below(static_cast<std::uint32_t>(inputs_.size())));
    return {name + "." + std::string(field->key()), field->value()};
  }

  // Small numbers, so that doubles are exact and nothing overflows.
  Drawn arithmetic(int depth) {
    const Drawn a = expression(depth - 1), b = expression(depth - 1);
    const char op = "+-*"[below(3)];
    Drawn out{"(" + a.text + ")" + space() + op + space() + "(" + b.text + ")", nullptr};
    if (op == '+' && (a.value.is_string() || b.value.is_string())) {
      out.value = text_of(a.value) + text_of(b.value);
    } else if (is_number(a.value) && is_number(b.value)) {
      const double x = as_double(a.value), y = as_double(b.value);
      const double result = op == '+' ? x + y : (op == '-' ? x - y : x * y);
      if (a.value.is_double() || b.value.is_double()) {
        out.value = result;
      } else {
        out.value = static_cast<std::int64_t>(result);
      }
    }
    return out;
  }

  Drawn logic(int depth) {
    const Drawn a = expression(depth - 1), b = expression(depth - 1);
    switch (below(3)) {
      case 0:
        return {"(" + a.text + (below(2) ? ") and (" : ")&&(") + b.text + ")",
                truth(a.value) ? b.value : a.value};
      case 1:
        return {"(" + a.text + (below(2) ? ") or (" : ") || (") + b.text + ")",
                truth(a.value) ? a.value : b.value};
      default:
        return {(below(2) ? "not (" : "!(") + a.text + ")", !truth(a.value)};
    }
  }

  Drawn choice(int depth) {
    const Drawn a = expression(depth - 1), b = expression(depth - 1),
                c = expression(depth - 1);
    const auto& value = truth(a.value) ? b.value : c.value;
    if (below(2) == 0)
      return {"(" + a.text + ") ? (" + b.text + ") : (" + c.text + ")", value};
    return {"(" + b.text + ") if (" + a.text + ") else (" + c.text + ")", value};
  }

  Drawn filter(int depth) {
    const Drawn a = expression(depth - 1);
    const std::string in = "(" + a.text + ")" + space() + "|" + space();
    switch (below(5)) {
      case 0:
        return {in + "tojson", json::value(to_json_text(a.value))};
      case 1:
        return {in + "string", json::value(text_of(a.value))};
      case 2: {
        const Drawn b = expression(depth - 1);
        return {in + "default(" + b.text + ")", a.value.is_null() ? b.value : a.value};
      }
      case 3:
        return {in + "first", a.value.is_array() && !a.value.get_array().empty()
                                  ? a.value.get_array()[0]
                              : a.value.is_string() && !a.value.get_string().empty()
                                  ? json::value(std::string(1, a.value.get_string()[0]))
                                  : json::value()};
      default: {
        json::value length;
        if (a.value.is_null()) length = 0;
        if (a.value.is_string())
          length = static_cast<std::int64_t>(a.value.get_string().size());
        if (a.value.is_array())
          length = static_cast<std::int64_t>(a.value.get_array().size());
        if (a.value.is_object())
          length = static_cast<std::int64_t>(a.value.get_object().size());
        return {in + "length", length};
      }
    }
  }

  Drawn equality(int depth) {
    const Drawn a = expression(depth - 1), b = expression(depth - 1);
    const bool equal = is_number(a.value) && is_number(b.value)
                           ? as_double(a.value) == as_double(b.value)
                           : canonical_json(a.value) == canonical_json(b.value);
    const bool negated = below(2) == 0;
    return {"(" + a.text + (negated ? ") != (" : ")==(") + b.text + ")", equal != negated};
  }

  std::mt19937 rng_;
  json::object inputs_;
};

TEST(TemplateProperty, AgreesWithANaiveRenderer) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Drawer draw(seed);
  static const std::vector<std::string> kTexts = {
      "", "a", "{ ", "}", "}}", "{x}", "é", "\"", "'", "\\", " {INPUT.i} ", "| "};
  const TemplateScope scope{&draw.inputs(), nullptr, nullptr, nullptr};
  for (int i = 0; i < 5000; ++i) {
    std::string source, expected;
    const auto text = [&] {
      for (auto n = draw.below(3); n > 0; --n) {
        const auto& piece = kTexts[draw.below(static_cast<std::uint32_t>(kTexts.size()))];
        source += piece;
        expected += piece;
      }
    };
    text();
    json::value whole;
    std::size_t end = 0;  // Of the last expression.
    const auto count = draw.below(4);
    const bool bare = source.empty();
    for (std::uint32_t n = 0; n < count; ++n) {
      const Drawn drawn = draw.expression(4);
      source += "{{" + draw.space() + drawn.text + draw.space() + "}}";
      if (drawn.value.is_string()) {
        expected += view(drawn.value.get_string());
      } else if (!drawn.value.is_null()) {
        append_json(expected, drawn.value);
      }
      whole = drawn.value;
      end = source.size();
      if (n + 1 < count || draw.below(2) == 0) text();
    }
    const auto rendered = render_template(source, scope);
    ASSERT_TRUE(rendered) << source << ": " << rendered.error().message;
    if (bare && count == 1 && source.size() == end) {  // One expression, nothing around it.
      EXPECT_EQ(to_json_text(*rendered), to_json_text(whole)) << source;
      continue;
    }
    ASSERT_TRUE(rendered->is_string()) << source;
    EXPECT_EQ(view(rendered->get_string()), expected) << source;
  }
}

// Goal: whatever the text is, it renders or is refused; nothing else happens.
TEST(TemplateProperty, BrokenTextsAreRefusedCleanly) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Drawer draw(seed);
  const TemplateScope scope{&draw.inputs(), nullptr, nullptr, nullptr};
  static constexpr std::string_view kBytes = "{}[]()'\"|.?:!&<>=+-*/%\\ 01aI\xff";
  for (int i = 0; i < 20'000; ++i) {
    std::string source = "a {{" + draw.expression(2).text + "}} b";
    for (auto n = draw.below(4); n > 0; --n) {
      source[draw.below(static_cast<std::uint32_t>(source.size()))] =
          kBytes[draw.below(kBytes.size())];
    }
    const auto checked = check_template(source);
    const auto rendered = render_template(source, scope);
    EXPECT_EQ(checked.has_value(), rendered.has_value()) << source;
    if (!checked) {
      EXPECT_NE(checked.error().message.find("offset"), std::string::npos);
    }
  }
}

TEST(Template, TellsWhichInputsAPathMayBeginWith) {
  const auto names = [](std::string_view text) {
    auto read = inputs_read(json::value(json::string_view(text.data(), text.size())));
    EXPECT_TRUE(read) << text;
    std::sort(read->begin(), read->end());
    return *read;
  };
  // Each of these may be a key: {"a.b": {"c": 1}}.
  const std::vector<std::string> all{"a", "a.b", "a.b.c"};
  EXPECT_EQ(names("{{INPUT.a.b.c}}"), all);
  EXPECT_EQ(*inputs_read(parse(R"({"type": "dynamic", "field": "inputs.a.b.c"})")), all);
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += ".b";
  EXPECT_FALSE(inputs_read(json::value("{{INPUT." + deep + "}}")));
}

TEST(Template, WhatRestsOnSomethingAbsentIsToldInGuardedMembers) {
  const auto inputs = inputs_of(R"({"n": 5, "null": null, "o": {"a b": [1]}})");
  const json::object stages;
  // The path that is absent, or "" where the value stands on its own.
  const auto absent_in = [&](std::string_view text) -> std::string {
    static constexpr std::string_view kMembers[] = {"filters"};
    Guarded guarded;
    guarded.members = kMembers;
    const json::string_view shown(text.data(), text.size());
    const json::value value = {{"x", shown}, {"y", {{"filters", {{"z", {shown}}}}}}};
    const auto out = render_templates(value, {&inputs, nullptr, nullptr, &stages}, guarded);
    if (!out) return "error: " + out.error().message;
    EXPECT_FALSE(holds_absent(out->at("x"))) << text;
    EXPECT_EQ(holds_absent(out->at("y")), !guarded.absent.empty()) << text;
    EXPECT_LE(guarded.absent.size(), 1u);
    return guarded.absent.empty() ? "" : guarded.absent.front();
  };
  for (const char* text :
       {"{{INPUT.x}}", "{{ inputs.x }}", "a{{INPUT.x}}b", "{{INPUT.x | lower}}",
        "{{INPUT.x | length}}", "{{INPUT.x | tojson}}", "{{INPUT.x | string | default(1)}}",
        "{{'a' + INPUT.x}}", "{{INPUT.n * INPUT.x}}", "{{-INPUT.x}}",
        "{{INPUT.x or INPUT.x}}", "{{INPUT.n and INPUT.x}}",
        "{{INPUT.x if INPUT.n else 1}}", "{{INPUT.n}}{{INPUT.x}}",
        "{{INPUT.y | default(INPUT.x)}}"}) {
    EXPECT_EQ(absent_in(text), "INPUT.x") << text;
  }
  EXPECT_EQ(absent_in("{{INPUT.null}}"), "INPUT.null");
  EXPECT_EQ(absent_in("{{INPUT.o[\"a b\"][3]}}"), "INPUT.o[\"a b\"][3]");
  EXPECT_EQ(absent_in("{{STAGE.s.top_score}}"), "STAGE.s.top_score");
  for (const char* text :
       {"{{INPUT.n}}", "{{INPUT.x | default(1)}}", "{{INPUT.x | default(null)}}",
        "{{INPUT.x or 1}}", "{{INPUT.x == null}}", "{{INPUT.x > 3}}", "{{not INPUT.x}}",
        "{{1 if INPUT.x else 2}}", "{{null}}", "{{INPUT.n or INPUT.x}}", "plain",
        // Not known yet is not absent.
        "{{CONTEXT.budget_remaining}}"}) {
    EXPECT_EQ(absent_in(text), "") << text;
  }
  // What was filled in is not looked at.
  Guarded all;
  all.all = true;
  const auto odd = inputs_of(R"({"f": {"type": "dynamic", "field": "inputs.x"}})");
  const auto out = render_templates("{{INPUT.f}}", {&odd, nullptr, nullptr, nullptr}, all);
  EXPECT_EQ(*out, odd.at("f"));
  EXPECT_TRUE(
      is_absent(*render_templates(parse(R"({"type": "dynamic", "field": "inputs.x"})"),
                                  {&odd, nullptr, nullptr, nullptr}, all)));
  EXPECT_EQ(all.absent, std::vector<std::string>{"inputs.x"});
}

TEST(Templates, FindsStatements) {
  const auto at = [](std::string_view text) {
    return find_statement(parse_json(text).value()).value_or("-");
  };
  EXPECT_EQ(at(R"({"a":[1,{"b":"x {% if INPUT.q %} y {% endif %}"}]})"), "a[1].b");
  EXPECT_EQ(at(R"("{%if%}")"), "");
  EXPECT_EQ(at(R"({"a":"{{ x }} 100 {% more"})"), "-");
  EXPECT_EQ(at(R"(["{%-for-%}"])"), "[0]");
}

TEST(Templates, TellsWhatWasFilledInAsNothing) {
  const json::object inputs{{"q", "x"}, {"none", nullptr}};
  const json::object nothing;
  const TemplateScope scope{&inputs, &nothing, nullptr, nullptr};
  Guarded guarded;
  const std::string_view members[] = {"conditions"};
  guarded.members = members;
  const auto value = parse_json(
      R"({"query":"{{INPUT.q}} {{INPUT.missing}} {{INPUT.missing}}","n":"{{INPUT.none}}",
          "w":"{{DOC.w}}","d":{"type":"dynamic","field":"inputs.gone"},
          "given":"{{INPUT.other | default('x')}}","c":"{{CONTEXT.soon}}",
          "conditions":{"value":"{{INPUT.year}}"}})");
  ASSERT_TRUE(render_templates(value.value(), scope, guarded));
  EXPECT_EQ(guarded.unfilled, (std::vector<std::string>{"INPUT.missing", "INPUT.none",
                                                        "DOC.w", "inputs.gone"}));
  EXPECT_EQ(guarded.absent, (std::vector<std::string>{"INPUT.year"}));
}

}  // namespace
}  // namespace trawl::template_test
