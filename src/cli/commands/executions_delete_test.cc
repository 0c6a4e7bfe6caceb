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

std::string detail(const std::string& id, const std::string& status = "completed") {
  return R"({"execution_id":")" + id + R"(","status":")" + status + R"("})";
}

TEST(Cli, IdsAreLookedUpBeforeAnyIsDeleted) {
  Program program;
  program.terminal = true;
  const std::string missing = R"({"error":{"message":"there is no execution 'x'"}})";
  program.answer(200, detail("exec_a"));
  program.answer(404, missing);
  program.answer(200, R"({"results":[]})");
  const auto refused = program.run({"executions", "delete", "exec_a", "x"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("nothing was deleted"), std::string::npos) << refused.err;
  for (const auto& seen : program.seen) {
    EXPECT_TRUE(seen.method == "GET" || seen.target.find("/list?") != std::string::npos);
  }
  program.seen.clear();
  program.answer(200, detail("exec_a"));
  program.answer(200, detail("exec_b", "processing"));
  EXPECT_EQ(program.run({"executions", "delete", "exec_a", "exec_b"}).status, 1);
  EXPECT_EQ(program.seen.size(), 2u);

  // Named twice, it is one.
  program.seen.clear();
  program.answer(200, R"({"results":[{"execution_id":"exec_a"}]})");
  program.answer(200, detail("exec_a"));
  program.answer(200, detail("exec_a"));
  program.answer(200, R"({"results":[{"execution_id":"exec_b"}]})");
  program.answer(200, detail("exec_b"));
  program.answer(200, R"({"deleted_count":2})");
  const auto deleted = program.run({"executions", "delete", "latest", "exec_a", "-2"});
  EXPECT_EQ(deleted.out, "deleted 2 executions\n") << deleted.err;
  EXPECT_EQ(program.seen.back().body, R"({"execution_ids":["exec_a","exec_b"]})");

  program.seen.clear();
  program.answer(200, detail("exec_a"));
  const auto tried = program.run({"executions", "delete", "exec_a", "--dry-run"});
  EXPECT_EQ(tried.status, 0);
  EXPECT_EQ(tried.out, "would delete the execution exec_a\n");
  EXPECT_EQ(program.seen.size(), 1u);
}

// Goal: one convention for all that deletes.
TEST(Cli, AllThatDeletesAsksAndTriesAlike) {
  const std::string found =
      R"({"execution_id":"a","status":"completed","document_count":3,)"
      R"("results":[{"name":"a"}]})";
  for (const std::vector<std::string>& line :
       std::vector<std::vector<std::string>>{{"executions", "delete", "a"},
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
    EXPECT_EQ(program.seen.at(0).method, "GET");
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
      if (line.at(0) == "executions") program.answer(200, found);
      program.answer(200, R"({"success":true,"deleted_count":1})");
      EXPECT_EQ(program.run(is_person ? with("--yes") : line).status, 0);
    }
  }
}

}  // namespace
}  // namespace trawl::cli::executions_delete_test
