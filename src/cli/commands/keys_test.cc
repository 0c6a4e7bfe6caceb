#include <gtest/gtest.h>

#include <string>

#include "cli/cli_test_support.h"

namespace trawl::cli::keys_test {
namespace {

using test::Program;

TEST(Cli, KeysAreConfinedByTheFlagAlone) {
  Program program;
  program.set("TRAWL_NAMESPACE", "elsewhere");
  program.answer(200, R"({"name":"k","key":"sk_secret"})");
  const auto result =
      program.run({"keys", "create", "k", "-p", "read", "-p", "write", "-o", "table"});
  EXPECT_EQ(result.out, "sk_secret\n");
  EXPECT_EQ(program.seen.at(0).target,
            "/v1/organizations/users/admin%40localhost/api-keys");
  EXPECT_EQ(program.seen.at(0).body, R"({"name":"k","permissions":["read","write"]})");

  program.answer(200, R"({"name":"k","key":"sk_secret"})");
  EXPECT_EQ(program.run({"keys", "create", "k", "-p", "read,write"}).status, 0);
  EXPECT_EQ(program.seen.back().body, program.seen.at(0).body);
  program.seen.pop_back();
  program.answer(200, R"({"name":"k","key":"sk_secret"})");
  program.run({"keys", "create", "k", "--namespace", "staging", "--user", "a@b"});
  EXPECT_EQ(program.seen.at(1).body,
            R"({"name":"k","permissions":["read"],"namespace_id":"staging"})");
}

TEST(Cli, KeysAreLimited) {
  Program program;
  program.answer(200, R"({"name":"k","key":"sk_secret"})");
  program.run({"keys", "create", "k", "--rate-limit", "60", "--burst", "10"});
  EXPECT_EQ(program.seen.at(0).body,
            R"({"name":"k","permissions":["read"],"rate_limit_override":60,)"
            R"("rate_limit_burst":10})");
  for (const std::string flag : {"--rate-limit=0", "--default-rate-limit"}) {
    program.answer(200, R"({"name":"k"})");
    const auto result = program.run({"keys", "update", "k", flag, "-o", "table"});
    EXPECT_EQ(result.out, "changed key 'k'\n") << result.err;
  }
  EXPECT_EQ(program.seen.at(1).method, "PATCH");
  EXPECT_EQ(program.seen.at(1).target,
            "/v1/organizations/users/admin%40localhost/api-keys/k");
  EXPECT_EQ(program.seen.at(1).body, R"({"rate_limit_override":0})");
  EXPECT_EQ(program.seen.at(2).body, R"({"rate_limit_override":null})");
}

}  // namespace
}  // namespace trawl::cli::keys_test
