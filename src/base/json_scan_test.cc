#include "base/json_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"

namespace trawl {
namespace {

// "key=value" of each part, and "!" where the text is damaged.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> out;
  JsonScan scan(text);
  while (const auto part = scan.next()) {
    out.push_back(std::string(part->key) + "=" + std::string(part->value));
  }
  if (scan.damaged()) out.emplace_back("!");
  return out;
}

using Parts = std::vector<std::string>;

TEST(JsonScan, FindsMembersAndItems) {
  EXPECT_EQ(parts_of(R"({})"), Parts());
  EXPECT_EQ(parts_of(R"([])"), Parts());
  EXPECT_EQ(parts_of(R"({"a":1,"b":[{"c":"]}"}],"d":"x","e":null})"),
            (Parts{"a=1", R"(b=[{"c":"]}"}])", R"(d="x")", "e=null"}));
  EXPECT_EQ(parts_of(R"([1,[2,3],{"a":{}},"\\",-1.5e3])"),
            (Parts{"=1", "=[2,3]", R"(={"a":{}})", R"(="\\")", "=-1.5e3"}));
}

// A quote or a bracket in a text ends nothing, whatever stands before it.
TEST(JsonScan, TextsAreSteppedOver) {
  for (const std::string_view text :
       {R"("\"")", R"("\\\"]")", R"("{[")", R"("\\")", R"("a\u0022,")"}) {
    const std::string value(text);
    EXPECT_EQ(parts_of("[" + value + "," + value + "]"), (Parts{"=" + value, "=" + value}));
    EXPECT_EQ(parts_of("[[" + value + "],1]"), (Parts{"=[" + value + "]", "=1"}));
    EXPECT_EQ(parts_of("{" + value + ":" + value + "}"),
              (Parts{value.substr(1, value.size() - 2) + "=" + value}));
  }
}

TEST(JsonScan, DamageIsSaidAndNothingElseIsRead) {
  for (const std::string_view text :
       {"",           "1",        "{",     "[",      "[1",   "{\"a\":1",
        "{\"a\"}",    "{\"a\":}", "{a:1}", "[1,,2]", "[1,]", "{\"a\":1,}",
        "[\"a]",      "[\"\\\"]", "[[1]",  "[{]",    "[}]",  "[1]]",
        "{\"a\":1}}", "{\"a",     "{\"",   "{]",     "[}"}) {
    const auto parts = parts_of(text);
    ASSERT_FALSE(parts.empty()) << text;
    EXPECT_EQ(parts.back(), "!") << text;
  }
}

// Cut anywhere, and with any byte changed, it ends and stays within the text.
TEST(JsonScan, AnyTextEnds) {
  const std::string whole = R"({"a":[1,{"b":"\"x\\"}],"c":"d","e":[[],{}]})";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    (void)parts_of(whole.substr(0, size));
    for (const char other : std::string_view("\"\\[]{},:0\0", 10)) {
      std::string changed = whole;
      if (size < changed.size()) changed[size] = other;
      EXPECT_LE(parts_of(changed).size(), whole.size());
    }
  }
}

}  // namespace
}  // namespace trawl
