#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/json.h"
#include "cli/cli_test_support.h"

namespace trawl::cli::executions_list_test {
namespace {

using test::page;
using test::Program;
using test::row;

TEST(Cli, ListFollowsCursorsUpToTheLimit) {
  Program program;
  program.answer(200, page(1, 1000, 5000, "c1"));
  program.answer(200, page(1001, 500, 5000, "c2"));
  const auto result = program.run({"executions", "list", "--limit", "1500", "--offset", "7",
                                   "--status", "failed", "--since", "-24h", "--until",
                                   "9998-01-01T00:00:00Z", "-o", "json"});
  ASSERT_EQ(result.status, 0) << result.err;
  ASSERT_EQ(program.seen.size(), 2u);
  EXPECT_EQ(program.seen[0].target,
            "/v1/retrievers/executions/list?limit=1000&include_total=true&offset=7");
  EXPECT_TRUE(program.seen[0].body.starts_with(
      R"({"status":"failed","start_time":"-24h","end_time":"9998-01-01T00:00:00.000000Z")"))
      << program.seen[0].body;
  EXPECT_EQ(program.seen[1].target,
            "/v1/retrievers/executions/list?limit=500&include_total=true&cursor=c1");
  const auto parsed = parse_json(result.out);
  ASSERT_TRUE(parsed) << result.out.substr(0, 200);
  EXPECT_EQ(parsed->at("results").as_array().size(), 1500u);
  EXPECT_EQ(parsed->at("total"), json::value(5000));
  EXPECT_EQ(parsed->at("next_cursor"), json::value("c2"));
}

TEST(Cli, ListShowsTheFieldsThatWereAskedFor) {
  Program program;
  program.answer(200, R"({"results":[{"error":"x","labels":{"team":"a"}}],"total":1,
      "pagination":{"next_cursor":null}})");
  const auto result = program.run({"executions", "list", "--fields", "error,labels",
                                   "--sort", "+duration_ms", "-o", "table"});
  EXPECT_EQ(program.seen.at(0).body,
            R"({"sort":"+duration_ms","fields":["error","labels"]})");
  EXPECT_EQ(result.out, "ERROR  LABELS\nx      {\"team\":\"a\"}\nshowing 1 of 1\n");
}

TEST(Cli, ListsShowTheirWarningsOnce) {
  Program program;
  program.answer(200, R"({"results":[{"execution_id":"a"}],"total":2,
      "warnings":["query is '?!', which has no words"],
      "pagination":{"next_cursor":"c1"}})");
  program.answer(200, R"({"results":[{"execution_id":"b"}],"total":2,
      "warnings":["query is '?!', which has no words"],"pagination":{}})");
  const auto result =
      program.run({"executions", "list", "--query", "?!", "--all", "-o", "table"});
  EXPECT_EQ(result.err, "warning: query is '?!', which has no words\n");
}

TEST(Cli, PartialPagesWithoutRowsGoOn) {
  Program program;
  program.answer(200, R"({"results":[],"total":0,"total_relation":"at_least",
      "partial":true,"pagination":{"next_cursor":"c1"}})");
  program.answer(200, page(1, 2, 2, ""));
  const auto result = program.run({"executions", "list", "-o", "table"});
  ASSERT_EQ(program.seen.size(), 2u);
  EXPECT_NE(result.out.find("showing 2 of at least 2\n"), std::string::npos) << result.out;
}

TEST(Cli, ListOfEverythingEndsWithTheLastCursor) {
  Program program;
  program.answer(200, page(1, 3, 5, "c1"));
  program.answer(200, page(4, 2, 5, ""));
  const auto result = program.run({"executions", "list", "--all", "-o", "ndjson"});
  ASSERT_EQ(result.status, 0);
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 5);
  EXPECT_EQ(result.out.substr(0, result.out.find('\n')), row(1));
}

TEST(Cli, EmptyListsAreWellFormed) {
  for (const auto& [format, expected] : std::map<std::string, std::string>{
           {"json", "{\"results\":[],\"total\":0,\"next_cursor\":null}\n"},
           {"ndjson", ""},
           {"table", "no executions\n"}}) {
    Program program;
    program.answer(200, page(1, 0, 0, ""));
    EXPECT_EQ(program.run({"executions", "list", "-o", format}).out, expected);
  }
}

TEST(Cli, ListAsCsvHasTheRowAndTheErrors) {
  Program program;
  program.answer(200, page(1, 1, 1, ""));
  const auto result = program.run({"executions", "list", "-o", "csv"});
  EXPECT_EQ(result.out,
            "execution_id,execution_mode,status,timestamp,duration_ms,credits_used,"
            "total_processed,total_returned,cache_hit_rate,query_summary,stages_completed,"
            "total_stages,collection_ids,error,failed_stage\r\n"
            "exec_1,,completed,2026-01-02T03:04:05.000000Z,1.5,0.25,,10,,"
            "\"web, \"\"server\"\"\",2,3,,,\r\n");
}

// Whoever sees that something failed sees why, in every format.
TEST(Cli, ListsShowErrors) {
  const std::string error = "stages[1].config.parameters.limit is 0; use 1 to 1000";
  for (const std::string format : {"json", "ndjson", "csv", "table"}) {
    Program program;
    program.answer(
        200,
        R"({"results":[{"execution_id":"exec_1","status":"failed","inputs":"{\"n\":1}",)"
        R"("error":")" +
            error + R"("}],"total":1,"pagination":{"next_cursor":null}})");
    const auto result = program.run({"executions", "list", "-o", format});
    EXPECT_NE(program.seen.at(0).body.find("\"error\""), std::string::npos);
    EXPECT_NE(result.out.find("limit is 0; use 1 to 1000"), std::string::npos)
        << result.out;
    if (format == "table") {
      EXPECT_EQ(result.out.find("parameters"), std::string::npos);
    }
    if (format == "json" || format == "ndjson") {
      EXPECT_NE(result.out.find(R"("inputs":{"n":1})"), std::string::npos) << result.out;
    }
  }
}

TEST(Cli, AListBehindItsEndSaysSo) {
  Program program;
  program.answer(200, page(1, 0, 4, ""));
  const auto result =
      program.run({"executions", "list", "--offset", "5", "--stage", "x", "-o", "table"});
  EXPECT_EQ(result.out, "no executions here, but 4 before\n");
  EXPECT_EQ(program.seen.size(), 1u);
}

// Where a terminal has no room for a column of errors, they stand below their rows.
TEST(Cli, NarrowTerminalsShowErrorsToo) {
  for (const std::size_t width : {60u, 80u, 100u, 160u}) {
    Program program;
    program.width = width;
    program.answer(
        200, R"({"results":[{"execution_id":"exec_01M8K6N66M36MH99ACYHQDNR5D",)"
             R"("status":"failed","error":"limit is 0","query_summary":"a"},)"
             R"({"execution_id":"exec_01M8K6N66M36MH99ACYHQDNR5E","status":"completed"}],)"
             R"("total":2,"pagination":{"next_cursor":null}})");
    const auto out = program.run({"executions", "list", "-o", "table"}).out;
    const auto error = out.find("limit is 0");
    ASSERT_NE(error, std::string::npos) << width << "\n" << out;
    EXPECT_LT(error, out.find("DNR5E")) << out;
    EXPECT_EQ(out.find("limit is 0", error + 1), std::string::npos) << out;
  }
}

TEST(Cli, TerminalsGetATableWithATotal) {
  Program program;
  program.terminal = true;
  program.answer(200, page(1, 2, 1234, "c"));
  const auto result = program.run({"executions", "list", "--limit", "2"});
  EXPECT_NE(result.out.find("EXECUTION"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("2/3"), std::string::npos);
  EXPECT_NE(result.out.find("showing 2 of 1,234"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace trawl::cli::executions_list_test
