#include "base/unread_members.h"

#include <gtest/gtest.h>

namespace trawl {
namespace {

TEST(UnreadMembers, SlipsAreErrors) {
  const json::object body =
      parse_json(R"({"field": "a", "dirction": "asc"})")->get_object();
  ObjectReader in(body, "stages[0]");
  (void)in.string({"field"});
  (void)in.string({"direction", "order"});
  std::vector<std::string> warnings;
  sort_unread(in, "no parameter of sort_attribute", warnings);
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
  sort_unread(in, "no parameter of limit", warnings);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(warnings, (std::vector<std::string>{
                          "stages[0].colour is no parameter of limit and was ignored"}));
}

TEST(UnreadMembers, OrErrorsWhereNobodyCouldBeWarned) {
  const json::object body = parse_json(R"({"colour": 1})")->get_object();
  ObjectReader in(body, "");
  (void)in.string({"field"});
  refuse_unread(in, "no key of an aggregation");
  ASSERT_FALSE(in.ok());
  EXPECT_EQ(in.error().location, "colour");
  const json::object read = parse_json(R"({"field": 1})")->get_object();
  ObjectReader done(read, "");
  (void)done.find({"field"});
  refuse_unread(done, "no key of an aggregation");
  EXPECT_TRUE(done.ok());
}

}  // namespace
}  // namespace trawl
