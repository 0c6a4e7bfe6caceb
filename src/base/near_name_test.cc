#include "base/near_name.h"

#include <gtest/gtest.h>

#include <array>

namespace trawl::near_name_test {
namespace {

constexpr std::array<std::string_view, 10> kNames = {
    "expires_at", "permissions", "namespace_id", "name",  "filters",
    "statuses",   "status",      "policies",     "limit", "rate_limit_override"};

TEST(NearName, SeesThroughCaseAndSeparators) {
  for (const std::string_view word :
       {"expiresAt", "ExpiresAt", "expires-at", "EXPIRES_AT", "expires.at", "expiresat"}) {
    EXPECT_EQ(near_name(word, kNames), "expires_at") << word;
  }
}

TEST(NearName, SeesThroughNumber) {
  EXPECT_EQ(near_name("permission", kNames), "permissions");
  EXPECT_EQ(near_name("filter", kNames), "filters");
  EXPECT_EQ(near_name("Filter", kNames), "filters");
  EXPECT_EQ(near_name("policy", kNames), "policies");
  EXPECT_EQ(near_name("limits", kNames), "limit");
  EXPECT_EQ(near_name("names", kNames), "name");
}

TEST(NearName, FindsSlipsOfTheKeyboardAndBeginnings) {
  EXPECT_EQ(near_name("permisions", kNames), "permissions");
  EXPECT_EQ(near_name("fitlers", kNames), "filters");
  EXPECT_EQ(near_name("fitler", kNames), "filters");
  EXPECT_EQ(near_name("expires", kNames), "expires_at");
  EXPECT_EQ(near_name("namespace_name", kNames), "namespace_id");
}

TEST(NearName, TakesShortWordsAsTheyAre) {
  constexpr std::array<std::string_view, 2> kShort = {"n", "id"};
  EXPECT_EQ(near_name("m", kShort), "");
  EXPECT_EQ(near_name("ix", kShort), "");
  EXPECT_EQ(near_name("ID", kShort), "id");
  EXPECT_EQ(near_name("ids", kShort), "id");
}

TEST(NearName, LeavesOtherWordsAlone) {
  for (const std::string_view word : {"", "_", "colour", "session", "x"}) {
    EXPECT_EQ(near_name(word, kNames), "") << word;
  }
  EXPECT_EQ(near_name(std::string(65, 'a'), kNames), "");
  EXPECT_EQ(near_name("anything", {}), "");
}

}  // namespace
}  // namespace trawl::near_name_test
