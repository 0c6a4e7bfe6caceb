#include "providers/policy.h"

#include <gtest/gtest.h>

namespace trawl {
namespace {

TEST(ProviderPolicies, LetNothingOutThatIsNotNamed) {
  ProviderPolicies policies;
  policies.add("none", {});
  policies.add("some", {.all = false, .namespaces = {"a", "b"}});
  policies.add("every", {.all = true, .namespaces = {}});
  EXPECT_FALSE(policies.may_receive("none", "a"));
  EXPECT_TRUE(policies.may_receive("some", "b"));
  EXPECT_FALSE(policies.may_receive("some", "c"));
  EXPECT_FALSE(policies.may_receive("some", ""));
  EXPECT_TRUE(policies.may_receive("every", "c"));
  EXPECT_TRUE(policies.may_receive("built-in", "c"));

  EXPECT_TRUE(policies.check("some", "a"));
  const auto refused = policies.check("some", "c");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
  EXPECT_EQ(refused.error().message,
            "texts of the namespace 'c' may not be sent to the provider 'some'; whoever "
            "runs the server allows it with providers.some.namespaces");
}

}  // namespace
}  // namespace trawl
