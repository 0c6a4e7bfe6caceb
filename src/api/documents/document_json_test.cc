#include "api/documents/document_json.h"

#include <gtest/gtest.h>

namespace trawl::api::document_json_test {
namespace {

json::object parse(std::string_view text) {
  return parse_json(text).value().get_object();
}

// What a document becomes, or where and why it stays.
std::string updated(std::string_view document, std::string_view update, bool deep = true) {
  json::object fields = parse(document);
  const json::object before = fields;
  const auto done = apply_update(parse(update), deep, "u", fields);
  if (done) return to_json_text(json::value(fields));
  EXPECT_EQ(fields, before);
  return done.error().location + ": " + done.error().message;
}

TEST(ApplyUpdate, MergesFieldsAndSetsPaths) {
  EXPECT_EQ(updated(R"({"a":{"b":1},"c":2})", R"({"a":{"d":3},"c":4})"),
            R"({"a":{"b":1,"d":3},"c":4})");
  EXPECT_EQ(updated(R"({"a":{"b":1},"c":2})", R"({"a":{"d":3}})", false),
            R"({"a":{"d":3},"c":2})");
  for (const bool deep : {true, false}) {
    EXPECT_EQ(updated("{}", R"({"a.b":1,"a.c":{"d":2}})", deep),
              R"({"a":{"b":1,"c":{"d":2}}})");
    EXPECT_EQ(updated(R"({"tags":["x","y"]})", R"({"tags.1":"Z"})", deep),
              R"({"tags":["x","Z"]})");
    EXPECT_EQ(updated(R"({"a":{"b.c":1}})", R"({"a.b.c":2})", deep), R"({"a":{"b.c":2}})");
    EXPECT_EQ(updated(R"({"a.b":1,"a":{"b":2}})", R"({"a.b":3})", deep),
              R"({"a.b":3,"a":{"b":2}})");
  }
  // A member with dots is a key, unless it reads as a path to something.
  EXPECT_EQ(updated(R"({"urls":{}})", R"({"urls":{"example.com":1}})"),
            R"({"urls":{"example.com":1}})");
  EXPECT_EQ(updated(R"({"a":{"b":{"c":1}}})", R"({"a":{"b.c":2}})"),
            R"({"a":{"b":{"c":2}}})");
  EXPECT_EQ(updated(R"({"a":{"b":{"c":1}}})", R"({"a":{"b.c":2,"b":{"c":3}}})"),
            R"({"a":{"b":{"c":3},"b.c":2}})");
}

TEST(ApplyUpdate, RefusesWhatCannotBeSet) {
  EXPECT_EQ(updated(R"({"a":5,"z":1})", R"({"z":2,"a.b":1})").substr(0, 22),
            "u.a.b: 'a' is an integ");
  EXPECT_EQ(updated(R"({"t":["x"]})", R"({"t.1":1})").substr(0, 24),
            "u.t.1: 't' is a list of ");
  for (const char* key : {"document_id", "collection_id", "_internal",
                          "_internal.created_at", "document_id.x"}) {
    EXPECT_EQ(updated("{}", std::string(R"({"x":1,")") + key + R"(":2})"),
              std::string("u.") + key + ": " + key +
                  " is set by the server and cannot be changed; leave it out");
  }
  // What is set before does not make room for what comes after.
  EXPECT_EQ(updated(R"({"a":5})", R"({"a":{},"a.b.c":1})"), R"({"a":{"b":{"c":1}}})");
}

TEST(ApplyUpdate, RefusesTwoValuesForOnePlace) {
  for (const char* update : {R"({"a":1,"a.b":2})", R"({"a.b":2,"a":1})",
                             R"({"a":{"b":1},"a.b":2})", R"({"a.b":1,"a.b.c":2})",
                             R"({"a.b.c":2,"a.b":{"d":1}})", R"({"a":{"b":1},"a.b.c":2})",
                             R"({"a":{"b.c":1},"a.b.c":2})", R"({"a":null,"a.b":2})"}) {
    for (const bool deep : {true, false}) {
      EXPECT_NE(
          updated("{}", update, deep).find("write to the same place; send one of them"),
          std::string::npos)
          << update;
    }
  }
  // One inside what the other leaves open, in any order.
  for (const char* update : {R"({"a":{"x":1},"a.b":2})", R"({"a.b":2,"a":{"x":1}})"}) {
    EXPECT_EQ(updated("{}", update), R"({"a":{"x":1,"b":2}})");
    EXPECT_EQ(updated(R"({"a":{"b":0,"y":0}})", update, false), R"({"a":{"x":1,"b":2}})");
  }
  // What was read can be sent back.
  const char* const stored = R"({"a":{"b":1},"a.b":2,"a.b.c":3})";
  for (const bool deep : {true, false}) EXPECT_EQ(updated(stored, stored, deep), stored);
}

}  // namespace
}  // namespace trawl::api::document_json_test
