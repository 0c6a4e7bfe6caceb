#include "api/wire/reserved_names.h"

#include <gtest/gtest.h>

namespace trawl::api::reserved_names_test {
namespace {

http::Router make_router() {
  http::Router router;
  const auto add = [&](std::string method, std::string pattern, bool is_offered = true) {
    router.add({std::move(method),
                std::move(pattern),
                http::RunOn::io,
                http::Body::buffered,
                {},
                is_offered});
  };
  add("POST", "/things/list");
  add("GET", "/things/{thing}");
  add("GET", "/things/{thing}/parts/{part}");
  add("DELETE", "/things/{thing}/parts/batch");
  add("POST", "/things/deep/down/below");  // Beside a thing "deep", which can be read.
  add("GET", "/things/{thing}/stats");
  add("PUT", "/elsewhere/{part}");
  add("PUT", "/elsewhere/here");
  add("GET", "/hidden/{secret}", false);
  add("GET", "/hidden/word", false);
  return router;
}

TEST(ReservedNames, AreTheLiteralSiblingsOfAParameter) {
  const http::Router router = make_router();
  ReservedNames names;
  names.learn(router);
  EXPECT_TRUE(names.contains("thing", "list"));
  // Of both places that have parts.
  EXPECT_TRUE(names.contains("part", "batch"));
  EXPECT_TRUE(names.contains("part", "here"));
}

TEST(ReservedNames, AreNoOthers) {
  const http::Router router = make_router();
  ReservedNames names;
  names.learn(router);
  EXPECT_FALSE(names.contains("thing", "deep"));
  EXPECT_FALSE(names.contains("thing", "parts"));
  EXPECT_FALSE(names.contains("thing", "stats"));
  EXPECT_FALSE(names.contains("thing", "List"));
  EXPECT_FALSE(names.contains("part", "list"));
  EXPECT_FALSE(names.contains("secret", "word"));
  EXPECT_FALSE(names.contains("unknown", "list"));
}

TEST(ReservedNames, ARefusalNamesTheWordAndItsPlace) {
  const http::Router router = make_router();
  ReservedNames names;
  names.learn(router);
  EXPECT_TRUE(names.check("thing", "lists", "name"));
  const auto refused = names.check("thing", "list", "name");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_EQ(refused.error().location, "name");
  EXPECT_NE(refused.error().message.find("'list'"), std::string::npos);
}

}  // namespace
}  // namespace trawl::api::reserved_names_test
