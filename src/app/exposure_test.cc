#include "app/exposure.h"

#include <gtest/gtest.h>

namespace trawl::app::exposure_test {
namespace {

TEST(Exposure, AddressesOfThisMachineAloneAreFine) {
  for (const char* host : {"127.0.0.1", "127.0.0.2", "127.255.255.254", "::1",
                           "::ffff:127.0.0.1", "localhost"}) {
    EXPECT_FALSE(exposure_warning(host)) << host;
  }
}

TEST(Exposure, OthersAreNamedWithTheRemedy) {
  for (const char* host : {"0.0.0.0", "::", "10.1.2.3", "192.168.0.9", "128.0.0.1",
                           "::ffff:10.0.0.1", "2001:db8::1", "fe80::1"}) {
    const auto warning = exposure_warning(host);
    ASSERT_TRUE(warning) << host;
    EXPECT_TRUE(warning->starts_with(host));
    EXPECT_NE(warning->find("127.0.0.1"), std::string::npos);
    EXPECT_NE(warning->find("TLS"), std::string::npos);
  }
}

TEST(Exposure, RootIsNamedWithTheRemedy) {
  EXPECT_FALSE(root_warning(1000, "/srv/trawl"));
  const auto warning = root_warning(0, "/srv/trawl");
  ASSERT_TRUE(warning);
  EXPECT_NE(warning->find("/srv/trawl"), std::string::npos);
  EXPECT_NE(warning->find("its own user"), std::string::npos);
}

}  // namespace
}  // namespace trawl::app::exposure_test
