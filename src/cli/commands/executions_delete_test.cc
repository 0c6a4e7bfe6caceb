#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/cli_test_support.h"

namespace trawl::cli::executions_delete_test {
namespace {

using test::Program;

TEST(Cli, DeletingByFilterTakesAYes) {
  Program program;
  const std::vector<std::string> by_filter = {"executions", "delete",   "--status",
                                              "failed",     "--before", "-30d"};
  const auto with = [&](const std::string& flag) {
    auto arguments = by_filter;
    arguments.push_back(flag);
    return arguments;
  };
  program.answer(200, R"({"matching_count":1234,"message":"1234 executions match"})");
  const auto asked = program.run(by_filter);
  EXPECT_EQ(asked.status, 2);
  EXPECT_NE(asked.err.find("1,234 executions would be deleted"), std::string::npos);
  EXPECT_EQ(program.seen.at(0).target, "/v1/retrievers/executions/delete?dry_run=true");
  program.answer(200, R"({"matching_count":2,"message":"2 executions match"})");
  EXPECT_EQ(program.run(with("--dry-run")).status, 0);
  program.answer(200, R"({"deleted_count":2,"message":"2 executions were deleted"})");
  program.terminal = true;
  EXPECT_EQ(program.run(with("--yes")).out, "2 executions were deleted\n");
  EXPECT_EQ(program.seen.at(2).target, "/v1/retrievers/executions/delete");
  EXPECT_EQ(*parse_json(program.seen.at(2).body),
            (json::value{{"status", "failed"}, {"end_time", "-30d"}}));

  program.answer(200, R"({"success":true,"message":"gone"})");
  EXPECT_EQ(program.run({"executions", "delete", "exec_1"}).out,
            "deleted execution exec_1\n");
  EXPECT_EQ(program.seen.at(3).method, "DELETE");
  EXPECT_EQ(program.run({"executions", "delete", "--yes"}).status, 2);
  EXPECT_EQ(program.run({"executions", "delete", "exec_1", "--all"}).status, 2);
  EXPECT_EQ(program.seen.size(), 4u);
}

}  // namespace
}  // namespace trawl::cli::executions_delete_test
