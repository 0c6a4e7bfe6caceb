#include <gtest/gtest.h>

#include "cli/cli_test_support.h"

namespace trawl::cli::whoami_test {
namespace {

using test::Program;

TEST(Cli, WhoamiSaysWhatTheKeyMayDo) {
  Program program;
  program.answer(200, R"({"key_id":"key_1","name":"k\u001b[2J","user_id":"u",)"
                      R"("may":{"read":true,"write":false,"change_retention":true},)"
                      R"("namespace":{"namespace_id":"ns_1","namespace_name":"own"},)"
                      R"("limits":{"requests_per_minute":1200,"burst":10,"weight":100},)"
                      R"("expires_at":null})");
  const auto confined = program.run({"whoami", "-o", "table"});
  EXPECT_EQ(program.seen.at(0).target, "/v1/whoami");
  EXPECT_EQ(confined.out,
            "key        k [2J (key_1) of u\n"
            "may        read, change retention\n"
            "namespace  only own (ns_1)\n"
            "limit      1,200 requests a minute, 10 at once\n"
            "weight     100\n"
            "expires    never\n");
}

TEST(Cli, WhoamiTellsNoConfinementFromADeletedNamespace) {
  Program program;
  program.answer(200, R"({"namespace":null,"limits":{"requests_per_minute":null}})");
  const auto free = program.run({"whoami", "-o", "table"});
  EXPECT_NE(free.out.find("namespace  every one\nlimit      none\n"), std::string::npos)
      << free.out;
  program.answer(200, R"({"namespace":{"namespace_id":"ns_1","namespace_name":null}})");
  const auto gone = program.run({"whoami", "-o", "table"});
  EXPECT_NE(gone.out.find("namespace  only ns_1, which was deleted\n"), std::string::npos)
      << gone.out;
}

TEST(Cli, WhoamiGivesJsonAsItCame) {
  Program program;
  program.answer(200, R"({"key_id":"key_1","may":{"read":true}})");
  EXPECT_EQ(program.run({"whoami", "-o", "json"}).out,
            "{\"key_id\":\"key_1\",\"may\":{\"read\":true}}\n");
}

}  // namespace
}  // namespace trawl::cli::whoami_test
