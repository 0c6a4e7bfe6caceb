#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "cli/cli_test_support.h"

namespace trawl::cli::execution_filter_flags_test {
namespace {

using test::page;
using test::Program;

TEST(Cli, FilterFlagsBecomeTheBody) {
  const std::vector<std::string> flags = {"--status",
                                          "failed",
                                          "--status",
                                          "cancelled",
                                          "--query",
                                          "night ferry",
                                          "--error",
                                          "timeout",
                                          "--error-kind",
                                          "'a' took 5 ms",
                                          "--stage",
                                          "feature_search",
                                          "--failed-stage",
                                          "rank",
                                          "--collection",
                                          "col_1",
                                          "--collection",
                                          "col_2",
                                          "--min-duration",
                                          "1.5s",
                                          "--max-duration",
                                          "2m",
                                          "--returned",
                                          "zero",
                                          "--returned-document",
                                          "moby",
                                          "--label",
                                          "team=search",
                                          "--label",
                                          "run=a=b",
                                          "--budget",
                                          "250ms",
                                          "--since",
                                          "-7d",
                                          "--where",
                                          R"({"caller": "key_1"})"};
  const json::value expected = {{"statuses", {"failed", "cancelled"}},
                                {"start_time", "-7d"},
                                {"query", "night ferry"},
                                {"error", "timeout"},
                                {"error_kind", "'a' took 5 ms"},
                                {"stage_id", "feature_search"},
                                {"failed_stage", "rank"},
                                {"returned", "zero"},
                                {"returned_document", "moby"},
                                {"collection_ids", {"col_1", "col_2"}},
                                {"min_duration_ms", 1500},
                                {"max_duration_ms", 120000},
                                {"budget_ms", 250},
                                {"labels", {{"team", "search"}, {"run", "a=b"}}},
                                {"filters", {{"caller", "key_1"}}}};
  for (const std::string command : {"list", "stats"}) {
    Program program;
    program.answer(200, page(1, 0, 0, ""));
    std::vector<std::string> arguments = {"executions", command};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    ASSERT_EQ(program.run(arguments).status, 0);
    auto body = *parse_json(program.seen.at(0).body);
    body.get_object().erase("fields");
    EXPECT_EQ(body, expected);
  }
}

TEST(Cli, ABudgetInWhichNothingCanBeSearchedIsRefused) {
  for (const std::string budget : {"0", "0s", "0ms"}) {
    Program program;
    const auto result = program.run({"executions", "stats", "--budget", budget});
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find("such as 500ms"), std::string::npos) << result.err;
    EXPECT_TRUE(program.seen.empty());
  }
}

// A hash is named by its first digits too, beside whatever else is asked for.
TEST(Cli, HashesAreNamedByTheirFirstDigits) {
  const std::string whole(64, 'a');
  const auto body_of = [](const std::vector<std::string>& flags) {
    Program program;
    program.answer(200, page(1, 0, 0, ""));
    std::vector<std::string> line = {"executions", "list", "--fields", "status"};
    line.insert(line.end(), flags.begin(), flags.end());
    EXPECT_EQ(program.run(line).status, 0);
    auto body = *parse_json(program.seen.at(0).body);
    body.get_object().erase("fields");
    return body;
  };
  const json::value begins = {
      {"field", "shape"}, {"operator", "starts_with"}, {"value", "abcd12"}};
  EXPECT_EQ(body_of({"--shape", whole}), (json::value{{"shape", whole}}));
  EXPECT_EQ(body_of({"--shape", "abcd12"}), (json::value{{"filters", begins}}));
  EXPECT_EQ(
      body_of({"--shape", "abcd12", "--where", R"({"caller":"key_1"})"}),
      (json::value{{"filters", {{"AND", json::array{{{"caller", "key_1"}}, begins}}}}}));
  EXPECT_EQ(body_of({"--fingerprint", "abcd"}).at("filters").at("field"),
            json::value("fingerprint"));
  EXPECT_EQ(body_of({"--inputs-hash", "abcd"}).at("filters").at("field"),
            json::value("inputs_hash"));
}

TEST(Cli, WhatNothingCanMeetIsRefused) {
  Program program;
  for (const auto& [flags, message] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--min-duration", "2s", "--max-duration", "500"}, "swap the two"},
           {{"--since", "-1h", "--until", "-2h"}, "swap the two"},
           {{"--since", "2026-02-01", "--until", "2026-01-01"}, "swap the two"},
           {{"--label", "a=b,c=d"}, "--label a=b --label c=d"}}) {
    for (const std::string command : {"list", "stats", "export", "delete"}) {
      std::vector<std::string> line = {"executions", command};
      line.insert(line.end(), flags.begin(), flags.end());
      const auto result = program.run(line);
      EXPECT_EQ(result.status, 2);
      EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
    }
  }
  EXPECT_NE(program.run({"execute", "-f", "-", "--label", "a=b,c=d"}, "{}")
                .err.find("--label a=b --label c=d"),
            std::string::npos);
  EXPECT_TRUE(program.seen.empty());
  // A comma alone is part of a value.
  program.answer(200, page(1, 0, 0, ""));
  EXPECT_EQ(program.run({"executions", "list", "--label", "a=b, c"}).status, 0);
}

// An empty list tells of conditions that look mistaken.
TEST(Cli, AnEmptyListExplainsItself) {
  const std::string stages = R"([{"stage_id":"feature_search"},{"stage_id":"limit"}])";
  for (const std::string command : {"list", "stats"}) {
    Program program;
    program.answer(200, R"({"results":[],"total":{"count":0}})");
    program.answer(200, stages);
    const auto result = program.run({"executions", command, "--stage", "feature_serch"});
    EXPECT_EQ(result.status, 0);
    EXPECT_NE(result.err.find("did you mean 'feature_search'?"), std::string::npos)
        << result.err;
    program.answer(200, R"({"results":[],"total":{"count":0}})");
    program.answer(200, stages);
    EXPECT_EQ(program.run({"executions", command, "--stage", "limit"}).err, "");
    program.answer(200, R"({"results":[],"total":{"count":0}})");
    EXPECT_NE(program.run({"executions", command, "--caller", "me"}).err.find("trawl keys"),
              std::string::npos);
    program.answer(200, R"({"results":[],"total":{"count":0}})");
    EXPECT_NE(program.run({"executions", command, "--shape", "cool"}).err.find("64 digits"),
              std::string::npos);
  }
}

// A status of imported history may be any word, and is passed on where it is near none.
TEST(Cli, AStatusThatIsNearNoneOfOursIsPassedOn) {
  Program program;
  program.answer(200, R"({"results":[],"total":0,"pagination":{}})");
  EXPECT_EQ(program.run({"executions", "list", "--status", "timeout"}).status, 0);
  EXPECT_TRUE(program.seen.at(0).body.starts_with(R"({"status":"timeout")"));
}

// Goal: whoever follows or deletes can say the same as whoever lists.
TEST(Cli, TailAndDeleteHaveTheConditionsOfTheList) {
  const std::vector<std::string> conditions = {"--status",       "failed,cancelled",
                                               "--since",        "2026-01-01T00:00:00Z",
                                               "--query",        "x",
                                               "--label",        "team=search",
                                               "--caller",       "key_1",
                                               "--min-duration", "2s"};
  const std::string body =
      R"({"statuses":["failed","cancelled"],"start_time":"2026-01-01T00:00:00.000000Z",)"
      R"("query":"x","caller":"key_1","min_duration_ms":2000,"labels":{"team":"search"})";
  for (const std::string command : {"list", "export", "delete"}) {
    Program program;
    program.answer(500, "{}");
    std::vector<std::string> line = {"executions", command};
    line.insert(line.end(), conditions.begin(), conditions.end());
    if (command == "delete") line.push_back("--yes");
    program.run(line);
    EXPECT_TRUE(program.seen.at(0).body.starts_with(body)) << program.seen.at(0).body;
  }
  Program program;
  program.answer(422, "{}");
  std::vector<std::string> line = {"executions", "tail"};
  line.insert(line.end(), conditions.begin(), conditions.end());
  program.run(line);
  EXPECT_TRUE(program.seen.at(0).target.ends_with("&since=2026-01-01T00%3A00%3A00.000000Z"))
      << program.seen.at(0).target;
  const std::string event(60, 'e');
  program.run({"executions", "tail", "--since", event});
  EXPECT_TRUE(program.seen.at(1).target.ends_with("?since=" + event));
  for (const auto& [word, near] :
       {std::pair<std::string, std::string>{"running", "processing"},
        {"success", "completed"},
        {"error", "failed"},
        {"failed,canceled", "cancelled"}}) {
    const auto refused = program.run({"executions", "list", "--status", word});
    EXPECT_EQ(refused.status, 2);
    EXPECT_NE(refused.err.find("did you mean '" + near + "'"), std::string::npos);
  }
  EXPECT_EQ(
      program.run({"executions", "delete", "--before", "-1d", "--until", "-1d"}).status, 2);
  // No word is no condition, which would delete the others too.
  const std::size_t asked = program.seen.size();
  const auto none =
      program.run({"executions", "delete", "--status", " ,", "--before", "-1d", "--yes"});
  EXPECT_EQ(none.status, 2);
  EXPECT_NE(none.err.find("names none"), std::string::npos) << none.err;
  EXPECT_EQ(program.seen.size(), asked);
}

}  // namespace
}  // namespace trawl::cli::execution_filter_flags_test
