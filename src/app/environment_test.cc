#include "app/environment.h"

#include <gtest/gtest.h>

namespace trawl::app::environment_test {
namespace {

TEST(Environment, KnowsTheVariablesOfServices) {
  for (const char* name :
       {"TRAWL_SERVICE_HOST", "TRAWL_SERVICE_PORT", "TRAWL_SERVICE_PORT_HTTP", "TRAWL_PORT",
        "TRAWL_PORT_8080_TCP", "TRAWL_PORT_8080_TCP_ADDR", "TRAWL_PORT_8080_TCP_PORT",
        "TRAWL_PORT_53_UDP_PROTO", "TRAWL_PORT_9_SCTP", "TRAWL_WEB_SERVICE_HOST",
        "TRAWL_WEB_PORT", "TRAWL_MY_WEB_PORT_80_TCP"}) {
    EXPECT_TRUE(is_service_variable(name)) << name;
  }
  for (const char* name :
       {"TRAWL_LISTN", "TRAWL_PORTS", "TRAWL_PORT_HTTP", "TRAWL_PORT_80_HTTP",
        "TRAWL_PORT_80_TCP_HOST", "TRAWL_SERVICE", "TRAWL_", "TRAWL_HTTP_THREADS",
        "OTHER_SERVICE_HOST", "TRAWLPORT", "PORT"}) {
    EXPECT_FALSE(is_service_variable(name)) << name;
  }
}

TEST(Environment, SaysWhatIsIgnoredAndWhy) {
  const auto told = ignored_variables({"TRAWL_LISTN"}, {"TRAWL_PORT", "TRAWL_SERVICE_HOST"},
                                      {"TRAWL_LISTEN", "TRAWL_DATA_DIR"});
  ASSERT_EQ(told.size(), 2u);
  EXPECT_NE(told[0].find("TRAWL_LISTN"), std::string::npos);
  EXPECT_NE(told[0].find("TRAWL_LISTEN"), std::string::npos) << told[0];
  EXPECT_NE(told[1].find("TRAWL_PORT, TRAWL_SERVICE_HOST"), std::string::npos) << told[1];
  EXPECT_NE(told[1].find("enableServiceLinks"), std::string::npos);
  EXPECT_TRUE(ignored_variables({}, {}, {}).empty());
}

}  // namespace
}  // namespace trawl::app::environment_test
