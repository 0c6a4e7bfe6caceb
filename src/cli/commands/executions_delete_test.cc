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

  EXPECT_EQ(program.run({"executions", "delete", "--yes"}).status, 2);
  EXPECT_EQ(program.run({"executions", "delete", "exec_1", "--all"}).status, 2);
  EXPECT_EQ(program.seen.size(), 3u);
}

constexpr const char* kId1 = "exec_01M84ACZCD2JSDQHG6GA9E3MG1";
constexpr const char* kId2 = "exec_01M84ACZCD2JSDQHG6GA9E3MG2";

// The server deletes all or none; whole ids need no look before.
TEST(Cli, IdsAreDeletedByOneRequest) {
  Program program;
  program.terminal = true;
  program.answer(200, R"({"deleted_count":2})");
  const auto deleted = program.run({"executions", "delete", kId1, kId2, kId1});
  EXPECT_EQ(deleted.out, "deleted 2 executions\n") << deleted.err;
  ASSERT_EQ(program.seen.size(), 1u);
  EXPECT_EQ(program.seen[0].target, "/v1/retrievers/executions/delete?require_all=true");
  EXPECT_EQ(*parse_json(program.seen[0].body),
            (json::value{{"execution_ids", {kId1, kId2}}}));

  program.answer(404, R"({"error":{"message":"the execution 'x' does not exist"}})");
  const auto refused = program.run({"executions", "delete", kId1, kId2});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("does not exist"), std::string::npos) << refused.err;
  EXPECT_EQ(program.seen.size(), 2u);

  program.answer(200, R"({"matching_count":1})");
  const auto tried = program.run({"executions", "delete", kId1, "--dry-run"});
  EXPECT_EQ(tried.out, std::string("would delete the execution ") + kId1 + "\n");
  EXPECT_EQ(program.seen.at(2).target,
            "/v1/retrievers/executions/delete?require_all=true&dry_run=true");
}

TEST(Cli, WhatPointsToExecutionsIsLookedUpBeforeAnyIsDeleted) {
  Program program;
  program.answer(200, R"({"execution_id":"exec_a"})");
  program.answer(404, R"({"error":{"message":"there is no execution 'x'"}})");
  program.answer(200, R"({"results":[]})");
  const auto refused = program.run({"executions", "delete", "exec_a", "x"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("nothing was deleted"), std::string::npos) << refused.err;
  EXPECT_EQ(program.seen.size(), 3u);

  // Named twice, it is one.
  program.seen.clear();
  program.answer(200, R"({"results":[{"execution_id":"exec_a"}]})");
  program.answer(200, R"({"execution_id":"exec_a"})");
  program.answer(200, R"({"execution_id":"exec_a"})");
  program.answer(200, R"({"results":[{"execution_id":"exec_b"}]})");
  program.answer(200, R"({"execution_id":"exec_b"})");
  program.answer(200, R"({"deleted_count":2})");
  EXPECT_EQ(program.run({"executions", "delete", "latest", "exec_a", "-2"}).status, 0);
  EXPECT_EQ(program.seen.back().body, R"({"execution_ids":["exec_a","exec_b"]})");
}

// Of more than fit into a request, none goes before the server has seen all.
TEST(Cli, ManyIdsAreDeletedAllOrNone) {
  Program program;
  std::vector<std::string> line = {"executions", "delete", "--yes"};
  for (int i = 0; i < 1001; ++i)
    line.push_back("exec_01M84ACZCD2JSDQHG6GA9E" + std::to_string(1000 + i));
  program.answer(200, R"({"matching_count":1000})");
  program.answer(404, R"({"error":{"message":"one does not exist"}})");
  EXPECT_EQ(program.run(line).status, 1);
  ASSERT_EQ(program.seen.size(), 2u);
  for (const auto& seen : program.seen)
    EXPECT_NE(seen.target.find("dry_run=true"), std::string::npos);
}

// Goal: one convention for all that deletes.
TEST(Cli, AllThatDeletesAsksAndTriesAlike) {
  const std::string found =
      R"({"execution_id":"a","status":"completed","document_count":3,"matching_count":1,)"
      R"("results":[{"name":"a"}]})";
  for (const std::vector<std::string>& line :
       std::vector<std::vector<std::string>>{{"executions", "delete", kId1},
                                             {"collections", "delete", "a"},
                                             {"documents", "delete", "c", "a"},
                                             {"namespaces", "delete", "a"},
                                             {"keys", "revoke", "a"}}) {
    SCOPED_TRACE(line.at(0));
    const std::string verb = line.at(1);
    const auto with = [&](const std::string& flag) {
      auto out = line;
      out.push_back(flag);
      return out;
    };
    Program program;
    program.answer(200, found);
    const auto tried = program.run(with("--dry-run"));
    EXPECT_EQ(tried.status, 0) << tried.err;
    EXPECT_NE(tried.out.find("\"dry_run\":true"), std::string::npos) << tried.out;
    ASSERT_EQ(program.seen.size(), 1u);
    EXPECT_TRUE(program.seen[0].method == "GET" ||
                program.seen[0].target.find("dry_run=true") != std::string::npos);
    EXPECT_EQ(program.run({line.at(0), line.at(1), "a", "b", "--yes", "--dry-run"}).status,
              2);

    program.interactive = true;
    program.answer(200, found);
    const auto declined = program.run(line, "n\n");
    EXPECT_EQ(declined.status, 1);
    EXPECT_NE(declined.err.find(verb + " the "), std::string::npos) << declined.err;
    EXPECT_NE(declined.err.find("? [y/N] "), std::string::npos) << declined.err;
    EXPECT_NE(declined.err.find("nothing was " + verb + "d"), std::string::npos);
    EXPECT_EQ(program.seen.size(), 2u);
    program.answer(200, found);
    program.answer(200, R"({"success":true,"deleted_count":1})");
    EXPECT_EQ(program.run(line, "y\n").status, 0);
    EXPECT_EQ(program.seen.size(), 4u);

    // Who says so, and a script that names it, is not asked.
    for (const bool is_person : {true, false}) {
      program.interactive = is_person;
      program.answer(200, R"({"success":true,"deleted_count":1})");
      EXPECT_EQ(program.run(is_person ? with("--yes") : line).status, 0);
    }
  }
}

}  // namespace
}  // namespace trawl::cli::executions_delete_test
