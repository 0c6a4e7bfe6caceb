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
  const std::vector<std::string> flags = {"--status",       "failed",
                                          "--status",       "cancelled",
                                          "--query",        "night ferry",
                                          "--error",        "timeout",
                                          "--stage",        "feature_search",
                                          "--failed-stage", "rank",
                                          "--collection",   "col_1",
                                          "--collection",   "col_2",
                                          "--min-duration", "1.5s",
                                          "--max-duration", "2m",
                                          "--returned",     "zero",
                                          "--label",        "team=search",
                                          "--label",        "run=a=b",
                                          "--budget",       "250ms",
                                          "--since",        "-7d",
                                          "--where",        R"({"caller": "key_1"})"};
  const json::value expected = {{"statuses", {"failed", "cancelled"}},
                                {"start_time", "-7d"},
                                {"query", "night ferry"},
                                {"error", "timeout"},
                                {"stage_id", "feature_search"},
                                {"failed_stage", "rank"},
                                {"returned", "zero"},
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
    EXPECT_EQ(*parse_json(program.seen.at(0).body), expected);
  }
}

// A status of imported history may be any word, and is passed on where it is near none.
TEST(Cli, AStatusThatIsNearNoneOfOursIsPassedOn) {
  Program program;
  program.answer(200, R"({"results":[],"total":0,"pagination":{}})");
  EXPECT_EQ(program.run({"executions", "list", "--status", "timeout"}).status, 0);
  EXPECT_EQ(program.seen.at(0).body, R"({"status":"timeout"})");
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
      R"("query":"x","caller":"key_1","min_duration_ms":2000,"labels":{"team":"search"}})";
  for (const std::string command : {"list", "export", "delete"}) {
    Program program;
    program.answer(500, "{}");
    std::vector<std::string> line = {"executions", command};
    line.insert(line.end(), conditions.begin(), conditions.end());
    if (command == "delete") line.push_back("--yes");
    program.run(line);
    EXPECT_EQ(program.seen.at(0).body, body) << command;
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
