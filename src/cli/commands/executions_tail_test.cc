#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/cli_test_support.h"

namespace trawl::cli::executions_tail_test {
namespace {

using test::Program;

TEST(Cli, TailPrintsRowsAndComesBackWithTheLastId) {
  Program program;
  const auto event = [](const std::string& kind, const std::string& id) {
    return "event: " + kind + "\nid: at_" + id + "\ndata: {\"execution_id\":\"" + id +
           "\"}\n\n";
  };
  program.answer_and_break("retry: 1\n\n" + event("execution_started", "a") +
                           event("execution_ended", "a") +
                           "event: execution_ended\nid: at_b\ndata: {");
  program.answer(200, event("execution_ended", "a") +
                          "event: dropped\ndata: {\"count\":3,\"since\":\"at_a\"}\n\n" +
                          event("execution_ended", "b") + event("execution_ended", "c"));
  const auto result = program.run(
      {"executions", "tail", "--since", "-1h", "--status", "x", "--limit", "3"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out,
            "{\"execution_id\":\"a\"}\n{\"execution_id\":\"a\"}\n"
            "{\"execution_id\":\"b\"}\n");
  ASSERT_EQ(program.seen.size(), 2U);
  EXPECT_EQ(program.seen[0].target,
            "/v1/retrievers/executions/tail?filter=%7B%22status%22%3A%22x%22%7D&since=-1h");
  EXPECT_EQ(program.seen[1].target,
            "/v1/retrievers/executions/tail?filter=%7B%22status%22%3A%22x%22%7D");
  EXPECT_EQ(program.seen[1].headers, std::vector<std::string>{"Last-Event-ID: at_a"});
  EXPECT_NE(result.err.find("too slow for 3 events"), std::string::npos) << result.err;
}

TEST(Cli, TailShowsErrors) {
  for (const std::string format : {"ndjson", "table"}) {
    Program program;
    program.answer(200,
                   "event: execution_ended\nid: at_a\ndata: {\"execution_id\":\"exec_a\","
                   "\"status\":\"failed\",\"error\":\"limit is 0; use 1\","
                   "\"failed_stage\":\"cut\"}\n\n");
    const auto result = program.run({"executions", "tail", "--limit", "1", "-o", format});
    EXPECT_EQ(program.seen.size(), 1U);
    EXPECT_NE(result.out.find("limit is 0; use 1"), std::string::npos) << result.out;
  }
}

TEST(Cli, ATailTellsOfConditionsThatNothingMeets) {
  Program program;
  program.answer(200, R"([{"stage_id":"limit"}])");
  program.answer(422, "{}");
  const auto result = program.run({"executions", "tail", "--stage", "find"});
  EXPECT_NE(result.err.find("no kind of stage"), std::string::npos) << result.err;
}

TEST(Cli, TailShowsTheFieldsThatWereAskedFor) {
  for (const std::string format : {"ndjson", "table"}) {
    Program program;
    program.answer(200,
                   "event: execution_ended\nid: at_a\ndata: {\"execution_id\":\"exec_a\","
                   "\"error\":\"limit is 0\"}\n\n");
    const auto result = program.run(
        {"executions", "tail", "--limit", "1", "--fields", "error", "-o", format});
    EXPECT_NE(program.seen.at(0).target.find("execution_id%22%2C%22error"),
              std::string::npos)
        << program.seen[0].target;
    EXPECT_NE(
        result.out.find(format == "table" ? "exec_a        limit is 0" : "limit is 0"),
        std::string::npos)
        << result.out;
  }
}

TEST(Cli, TailDoesNotComeBackWhereItWasClosed) {
  const auto run = [](const std::string& reason) {
    Program program;
    program.answer(200, "event: closed\ndata: {\"reason\":\"" + reason +
                            "\",\"message\":\"this is why\"}\n\n");
    const auto result = program.run({"executions", "tail"});
    EXPECT_EQ(program.seen.size(), 1U);
    EXPECT_NE(result.err.find("this is why"), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("trying again"), std::string::npos) << result.err;
    return result.status;
  };
  EXPECT_EQ(run("end_time"), 0);
  EXPECT_EQ(run("key"), 1);
}

TEST(Cli, TailEndsWhereNobodyAnswers) {
  Program program;
  EXPECT_EQ(program.run({"executions", "tail"}).status, 1);
  program.answer(422, "{}");
  EXPECT_EQ(program.run({"executions", "tail", "--since", "-1h"}).status, 1);
  EXPECT_EQ(program.seen.size(), 2U);
  EXPECT_EQ(program.run({"executions", "tail", "--since", "soon"}).status, 2);
  EXPECT_EQ(program.seen.size(), 2U);
}

}  // namespace
}  // namespace trawl::cli::executions_tail_test
