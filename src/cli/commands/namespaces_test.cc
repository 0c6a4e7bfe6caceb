#include <gtest/gtest.h>

#include "cli/cli_test_support.h"

namespace trawl::cli::namespaces_test {
namespace {

using test::Program;

TEST(Cli, RetentionIsSetTriedAndApplied) {
  Program program;
  program.answer(200, "{}");
  program.answer(200, R"({"retention":{}})");
  EXPECT_EQ(program.run({"namespaces", "retention", "ns", "--max-age", "30d"}).status, 0);
  EXPECT_EQ(program.seen.at(0).method + program.seen.at(0).target,
            "PATCH/v1/namespaces/ns");
  EXPECT_EQ(program.seen.at(0).body, R"({"retention":{"max_age":"30d"}})");
  EXPECT_EQ(program.seen.at(1).target, "/v1/namespaces/ns/retention");
  program.answer(200, "{}");
  EXPECT_EQ(program.run({"namespaces", "retention", "ns", "--max-count", "5", "--preview"})
                .status,
            0);
  EXPECT_EQ(program.seen.at(2).target, "/v1/namespaces/ns/retention/preview");
  EXPECT_EQ(program.seen.at(2).body, R"({"max_count":5})");
  program.answer(200, "{}");
  EXPECT_EQ(program.run({"namespaces", "retention", "ns", "--run"}).status, 0);
  EXPECT_EQ(program.seen.at(3).target, "/v1/namespaces/ns/retention/run");
  EXPECT_EQ(
      program.run({"namespaces", "retention", "ns", "--off", "--max-count", "5"}).status,
      2);
  EXPECT_EQ(program.run({"namespaces", "retention", "ns", "--max-count", "0"}).status, 2);
}

}  // namespace
}  // namespace trawl::cli::namespaces_test
