#include "insight/json_patch.h"

#include <gtest/gtest.h>

namespace trawl {
namespace {

// The document after the patch, or the message of the error.
std::string patched(std::string_view document, std::string_view patch) {
  json::value value = parse_json(document).value();
  const json::value before = value;
  const auto done = apply_json_patch(value, parse_json(patch).value(), "set");
  if (done) return to_json_text(value);
  EXPECT_EQ(value, before);  // All or none.
  return done.error().location + ": " + done.error().message;
}

// Those of RFC 6902, appendix A.
TEST(JsonPatch, DoesWhatTheStandardSays) {
  EXPECT_EQ(patched(R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])"),
            R"({"foo":"bar","baz":"qux"})");
  EXPECT_EQ(patched(R"({"foo":["bar","baz"]})",
                    R"([{"op":"add","path":"/foo/1","value":"qux"}])"),
            R"({"foo":["bar","qux","baz"]})");
  EXPECT_EQ(patched(R"({"foo":["a"]})", R"([{"op":"add","path":"/foo/-","value":["b"]}])"),
            R"({"foo":["a",["b"]]})");
  EXPECT_EQ(patched(R"({"baz":1,"foo":2})", R"([{"op":"remove","path":"/baz"}])"),
            R"({"foo":2})");
  EXPECT_EQ(patched(R"({"foo":["a","b","c"]})", R"([{"op":"remove","path":"/foo/1"}])"),
            R"({"foo":["a","c"]})");
  EXPECT_EQ(patched(R"({"baz":1})", R"([{"op":"replace","path":"/baz","value":"boo"}])"),
            R"({"baz":"boo"})");
  EXPECT_EQ(
      patched(R"({"a":{"b":1},"c":{}})", R"([{"op":"move","from":"/a/b","path":"/c/d"}])"),
      R"({"a":{},"c":{"d":1}})");
  EXPECT_EQ(patched(R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/2"}])"),
            R"({"a":[2,3,1]})");
  EXPECT_EQ(patched(R"({"a":1})", R"([{"op":"copy","from":"/a","path":"/b"}])"),
            R"({"a":1,"b":1})");
  EXPECT_EQ(patched(R"({"a/b":1,"m~n":2})",
                    R"([{"op":"test","path":"/a~1b","value":1},
                        {"op":"replace","path":"/m~0n","value":null}])"),
            R"({"a/b":1,"m~n":null})");
  EXPECT_EQ(patched(R"({"a":1})", R"([{"op":"replace","path":"","value":{"b":2}}])"),
            R"({"b":2})");
  EXPECT_EQ(patched(R"({"a":1})", "[]"), R"({"a":1})");
}

TEST(JsonPatch, SaysWhatIsWrongAndWhere) {
  const std::string_view document = R"({"stages":[{"top_k":10}]})";
  const auto expect = [&](std::string_view patch, std::string_view message) {
    const std::string said = patched(document, patch);
    EXPECT_NE(said.find(message), std::string::npos) << said;
  };
  expect(R"({"op":"add"})", "set: set is of type object; use a JSON patch");
  expect("[7]", "set[0]: set[0] is of type");
  expect(R"([{"path":"/a"}])", "set[0].op");
  expect(R"([{"op":"ad","path":"/a"}])", "set[0].op");
  expect(R"([{"op":"add","path":"/a"}])", "set[0].value");
  expect(R"([{"op":"add","value":1}])", "set[0].path");
  expect(R"([{"op":"move","path":"/a"}])", "set[0].from");
  expect(R"([{"op":"add","path":"stages","value":1}])", "is no JSON pointer");
  expect(R"([{"op":"add","path":"/a~2","value":1}])", "is no JSON pointer");
  expect(
      R"([{"op":"remove","path":"/stages/0","value":1},{"op":"remove","path":"/stages/0"}])",
      "set[1].path: '/stages/0' leads nowhere");
  expect(R"([{"op":"replace","path":"/stages/01/top_k","value":1}])", "leads nowhere");
  expect(R"([{"op":"add","path":"/stages/0/top_k/x","value":1}])", "leads nowhere");
  expect(R"([{"op":"add","path":"/stages/2","value":1}])", "leads nowhere");
  expect(R"([{"op":"remove","path":""}])", "leads nowhere");
  expect(R"([{"op":"move","from":"/stages","path":"/stages/0"}])", "into itself");
  expect(R"([{"op":"test","path":"/stages/0/top_k","value":11}])",
         "the test fails: '/stages/0/top_k' is 10");
}

TEST(JsonPatch, ADocumentDoesNotGrowWithoutEnd) {
  json::array patch;
  for (int i = 0; i < 60; ++i) {
    patch.push_back({{"op", "copy"}, {"from", ""}, {"path", "/x" + std::to_string(i)}});
  }
  json::value document = json::object{{"text", std::string(1'000, 'x')}};
  const auto done = apply_json_patch(document, json::value(patch), "set");
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("4 MiB"), std::string::npos);
}

// What is wrong whatever the document is needs none to be found.
TEST(JsonPatch, IsCheckedWithoutADocument) {
  const auto check = [](const char* patch) {
    return check_json_patch(parse_json(patch).value(), "set");
  };
  EXPECT_TRUE(check(R"([])"));
  EXPECT_TRUE(check(R"([{"op":"remove","path":"/not/there"}])"));
  for (const char* wrong :
       {R"({})", R"([[null]])", R"([null])", R"([{"op":"remove"}])",
        R"([{"op":"swap","path":""}])", R"([{"op":"add","path":"/a"}])",
        R"([{"op":"remove","path":"a"}])", R"([{"op":"copy","path":"/a","from":"/~2"}])",
        R"([{"op":"move","path":"/a/b","from":"/a"}])",
        R"([{"op":"add","path":"/a","value":1,"from":{}}])"}) {
    const auto checked = check(wrong);
    ASSERT_FALSE(checked) << wrong;
    EXPECT_EQ(checked.error().code, ErrorCode::invalid) << wrong;
  }
}

}  // namespace
}  // namespace trawl
