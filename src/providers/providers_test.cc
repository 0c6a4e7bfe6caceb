#include "providers/providers.h"

#include <gtest/gtest.h>

namespace trawl {
namespace {

class Echo final : public Provider {
 public:
  std::string_view name() const override { return "echo-1"; }
  Result<std::string> ask(const std::string& question, const AskContext&) const override {
    return question;
  }
};

TEST(Providers, AreFoundByNameAndMissedByName) {
  Providers providers;
  auto missing = providers.find("echo");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_enabled);
  EXPECT_EQ(missing.error().message, "'echo' names a provider, and this server has none");

  providers.add("echo", std::make_shared<Echo>());
  const auto found = providers.find("echo");
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->ask("so", {}).value(), "so");
  missing = providers.find("ecco");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "this server has no provider 'ecco'; it has echo");
}

}  // namespace
}  // namespace trawl
