#include "base/unread_members.h"

#include <gtest/gtest.h>

namespace trawl::unread_members_test {
namespace {

TEST(UnreadMembers, SlipsAreErrors) {
  const json::object body =
      parse_json(R"({"field": "a", "dirction": "asc"})")->get_object();
  ObjectReader in(body, "stages[0]");
  (void)in.string({"field"});
  (void)in.string({"direction", "order"});
  std::vector<std::string> warnings;
  sort_unread(in, "not a parameter of sort_attribute", warnings);
  ASSERT_FALSE(in.ok());
  EXPECT_EQ(in.error().location, "stages[0].dirction");
  EXPECT_NE(in.error().message.find("did you mean 'direction'?"), std::string::npos);
  EXPECT_TRUE(warnings.empty());
}

TEST(UnreadMembers, OthersAreWarnings) {
  const json::object body = parse_json(R"({"field": "a", "colour": 1})")->get_object();
  ObjectReader in(body, "stages[0]");
  (void)in.string({"field"});
  std::vector<std::string> warnings;
  sort_unread(in, "not a parameter of limit", warnings);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(warnings, (std::vector<std::string>{
                          "stages[0].colour is not a parameter of limit and was ignored"}));
}

TEST(UnreadMembers, OrErrorsWhereNobodyCouldBeWarned) {
  const json::object body = parse_json(R"({"colour": 1})")->get_object();
  ObjectReader in(body, "");
  (void)in.string({"field"});
  refuse_unread(in, "not a key of an aggregation");
  ASSERT_FALSE(in.ok());
  EXPECT_EQ(in.error().location, "colour");
  const json::object read = parse_json(R"({"field": 1})")->get_object();
  ObjectReader done(read, "");
  (void)done.find({"field"});
  refuse_unread(done, "not a key of an aggregation");
  EXPECT_TRUE(done.ok());
}

TEST(UnreadMembers, WhatASchemaMentionsIsNoSlip) {
  const json::object body = parse_json(R"({"query": 1, "sorts": null})")->get_object();
  ObjectReader in(body, "stages[0]");
  (void)in.find({"query_preprocessing", "sort"});
  EXPECT_EQ(refuse_slips(in).error().location, "stages[0].query");
  std::vector<std::string> warnings;
  sort_unread(in, "not a parameter of x", warnings, R"({"properties": {"query": {}}})");
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(warnings.size(), 1u);
  (void)in.find({"query"});
  EXPECT_TRUE(refuse_slips(in));
}

}  // namespace
}  // namespace trawl::unread_members_test
