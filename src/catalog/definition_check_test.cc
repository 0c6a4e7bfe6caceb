#include "catalog/definition_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace trawl::definition_check_test {
namespace {

Feature feature(std::string uri, std::vector<FeatureField> fields = {},
                std::string language = {}) {
  Feature made;
  made.uri = std::move(uri);
  made.fields = std::move(fields);
  made.language = std::move(language);
  return made;
}

TEST(DefinitionCheck, ANameHasSomethingInIt) {
  EXPECT_TRUE(check_name("namespace", "a"));
  EXPECT_TRUE(check_name("collection", "\xc3\xa9t\xc3\xa9"));
  for (const char* bad : {"", "\xff", "a\xc3"}) {
    const auto refused = check_name("collection", bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_EQ(refused.error().location, "collection_name");
  }
}

TEST(DefinitionCheck, EveryFeatureHasAUriOfItsOwn) {
  EXPECT_TRUE(check_features({}));
  EXPECT_TRUE(check_features(std::vector{feature("a"), feature("b")}));
  EXPECT_EQ(check_features(std::vector{feature("a"), feature("")}).error().location,
            "features[1].uri");
  EXPECT_EQ(check_features(std::vector{feature("a"), feature("b"), feature("a")})
                .error()
                .location,
            "features[2].uri");
}

TEST(DefinitionCheck, FeaturesStayWhatTheyWere) {
  const std::vector before = {feature("a", {{"title", 3}, {"text", 1}}, "english")};
  EXPECT_TRUE(check_same_features(before, before));
  for (const auto& after : std::vector<std::vector<Feature>>{
           {},
           {before[0], feature("b")},
           {feature("b", {{"title", 3}, {"text", 1}}, "english")},
           {feature("a", {{"title", 2}, {"text", 1}}, "english")},
           {feature("a", {{"text", 1}, {"title", 3}}, "english")},
           {feature("a", {{"title", 3}}, "english")},
           {feature("a", {{"title", 3}, {"text", 1}})}}) {
    const auto refused = check_same_features(before, after);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().location, "features");
  }
}

TEST(DefinitionCheck, AnUnknownNameComesWithTheNearest) {
  const Error near = unknown_name("collection", "boks", {"books", "films"});
  EXPECT_EQ(near.code, ErrorCode::not_found);
  EXPECT_NE(near.message.find("books"), std::string::npos) << near.message;
  const Error none = unknown_name("namespace", "zzz", {});
  EXPECT_NE(none.message.find("GET /v1/namespaces"), std::string::npos) << none.message;
}

}  // namespace
}  // namespace trawl::definition_check_test
