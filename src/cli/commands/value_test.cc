#include "cli/commands/value.h"

#include <gtest/gtest.h>

namespace trawl::cli::value_test {
namespace {

json::value input(std::string_view text, std::string_view schema = "{}") {
  const auto parsed = parse_json(schema);
  auto result = parse_input(text, parsed->get_object());
  return result ? result->value : json::value("refused: " + result.error().message);
}

TEST(Input, IsJsonWhereItReadsAsJson) {
  EXPECT_EQ(input("limit=5"), json::value(5));
  EXPECT_EQ(input("flag=true"), json::value(true));
  EXPECT_EQ(input("list=[1,2]"), (json::value{1, 2}));
  EXPECT_EQ(input("text=web server"), json::value("web server"));
  EXPECT_EQ(input("text=\"quoted\""), json::value("quoted"));
  EXPECT_EQ(input("empty="), json::value(""));
  EXPECT_EQ(input("sum=a=b"), json::value("a=b"));
}

TEST(Input, IsTextWhereTheSchemaSaysSo) {
  EXPECT_EQ(input("query=2026", R"({"query": {"type": "text"}})"), json::value("2026"));
  EXPECT_EQ(input("query=true", R"({"query": {"type": "string"}})"), json::value("true"));
  EXPECT_EQ(input("count=5", R"({"count": {"type": "integer"}})"), json::value(5));
  EXPECT_EQ(input("other=5", R"({"query": {"type": "string"}, "other": 7})"),
            json::value(5));
}

TEST(Input, NeedsANameAndAValue) {
  for (const auto* text : {"query", "=x", ""}) {
    const auto result = parse_input(text, {});
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().exit, Exit::usage);
  }
  EXPECT_FALSE(parse_input("query=\xff", {}));
}

TEST(Field, HasAPathAndMaybeAWeight) {
  EXPECT_EQ(json::value(*parse_field("name:3")),
            (json::value{{"path", "name"}, {"weight", 3}}));
  EXPECT_EQ(json::value(*parse_field("a.b")), (json::value{{"path", "a.b"}}));
  for (const auto* text : {"name:", "name:0", "name:11", "name:x", ":3", "", "name:1.5"})
    EXPECT_FALSE(parse_field(text)) << text;
}

TEST(Fields, AreSplitAtCommas) {
  const auto fields = parse_fields({"name:3, body", "extra"});
  ASSERT_TRUE(fields);
  EXPECT_EQ(to_json_text(json::value(*fields)),
            R"([{"path":"name","weight":3},{"path":"body"},{"path":"extra"}])");
  EXPECT_FALSE(parse_fields({"a,,b"}));
}

}  // namespace
}  // namespace trawl::cli::value_test
