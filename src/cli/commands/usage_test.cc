#include "cli/commands/usage.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli_test_support.h"

namespace trawl::cli::usage_test {
namespace {

using test::Program;

using Line = std::vector<std::string>;

// Goal: the words of other programs are answered with those of this one, wherever they
// stand.
TEST(Usage, CommandsOfOtherProgramsAreAnsweredWithOurs) {
  Program program;
  for (const auto& [line, ours] : std::vector<std::pair<Line, std::string>>{
           {{"count"}, "trawl executions stats"},
           {{"follow"}, "trawl executions tail"},
           {{"get", "x"}, "trawl documents get"},
           {{"ls"}, "trawl executions list"},
           {{"rm", "x"}, "trawl executions delete"},
           {{"create"}, "trawl collections create"},
           {{"run"}, "trawl execute"},
           {{"watch"}, "trawl executions tail"},
           {{"executions", "count"}, "trawl executions stats"},
           {{"executions", "follow"}, "trawl executions tail"},
           {{"executions", "get", "x"}, "trawl executions show"},
           {{"executions", "ls"}, "trawl executions list"},
           {{"executions", "rm", "x"}, "trawl executions delete"},
           {{"executions", "run"}, "trawl execute"},
           {{"collections", "rm", "x"}, "trawl collections delete"},
           {{"collections", "describe", "x"}, "trawl collections show"},
           {{"documents", "show", "c", "x"}, "trawl documents get"},
           {{"documents", "create", "c", "x"}, "trawl import"},
           {{"namespaces", "ls"}, "trawl namespaces list"},
           {{"namespaces", "update", "x"}, "trawl namespaces retention"},
           {{"keys", "delete", "x"}, "trawl keys revoke"},
           {{"keys", "show", "x"}, "trawl keys list"},
           {{"executions", "help"}, "trawl executions --help"},
           {{"keys", "ls"}, "trawl keys list"}}) {
    const auto result = program.run(line);
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find("(did you mean '" + ours + "'?)"), std::string::npos)
        << line.back() << ": " << result.err;
  }
  EXPECT_TRUE(program.seen.empty());
}

TEST(Usage, FlagsOfOtherProgramsAreAnsweredWithOurs) {
  Program program;
  for (const auto& [line, ours] : std::vector<std::pair<Line, std::string>>{
           {{"executions", "list", "--failed"}, "--status failed"},
           {{"executions", "list", "--from", "-1h"}, "--since"},
           {{"executions", "list", "--follow"}, "trawl executions tail"},
           {{"executions", "export", "--csv"}, "--format csv"},
           {{"executions", "stats", "--group-by", "status"}, "--by"},
           {{"executions", "stats", "--interval", "day"}, "--bucket"},
           {{"executions", "delete", "x", "--force"}, "--yes"},
           {{"execute", "-f", "x", "--query", "whale"}, "--input query=WORDS"},
           {{"execute", "-f", "x", "-q", "whale"}, "--input query=WORDS"},
           {{"executions", "list", "failed"}, "--status failed"},
           {{"executions", "list", "3"}, "--limit 3"},
           {{"executions", "list", "help"}, "--help"},
           {{"executions", "stats", "status"}, "--by status"},
           {{"executions", "stats", "day"}, "--bucket day"},
           {{"executions", "export", "x.csv"}, "--output x.csv"},
           {{"namespaces", "retention", "n", "--keep", "3"}, "--max-count"},
           {{"doctor", "--dir", "x"}, "--data-dir"},
           {{"doctor", "data"}, "--data-dir data"},
           {{"execute", "x.json"}, "--file x.json"},
           {{"executions", "list", "exec_1"}, "trawl executions show exec_1"}}) {
    const auto result = program.run(line);
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find("(did you mean '" + ours + "'?)"), std::string::npos)
        << result.err;
  }
  for (const Line& line : {Line{"vacuum", "-d", "x"}, Line{"vacuum", "--data-dir", "x"}}) {
    EXPECT_NE(program.run(line).err.find("the running server that --url names"),
              std::string::npos);
  }
}

// Goal: no message is the parser's own.
TEST(Usage, MessagesAreOurOwn) {
  Program program;
  for (const auto& [line, message] : std::vector<std::pair<Line, std::string>>{
           {{"import"}, "'trawl import' needs COLLECTION and FILE"},
           {{"documents", "get", "c"}, "'trawl documents get' needs DOCUMENT_ID"},
           {{"documents", "get", "c", "d", "e"},
            "'e' is unexpected: 'trawl documents get' takes COLLECTION and DOCUMENT_ID"},
           {{"executions", "list", "--limit", "5", "--all"}, "exclude each other"},
           {{"executions", "list", "--limit", "x"},
            "--limit is 'x'; use a whole number from 1 up"},
           {{"executions", "list", "--offset", "10001"},
            "--offset is '10001'; use a whole number from 0 to 10000"},
           {{"executions", "list", "--limit", "1", "--limit", "2"},
            "--limit is given 2 times; give it once"},
           {{"executions", "list", "--all=3"}, "--all takes no value"},
           {{"executions", "list", "--returned", "nonezero"},
            "--returned is 'nonezero' (did you mean 'nonzero'?); use one of zero, nonzero"},
           {{"executions", "list", "--since"}, "--since needs a value: TIME"},
           {{"import", "c", "f", "--fields", "a"},
            "--fields does nothing without --create"},
           {{"-o", "xml", "keys", "list"}, "--output is 'xml'"},
           {{"--timeout", "x", "keys", "list"}, "--timeout is 'x'; use a whole number"},
           {{"executions", "stats", "--by", "day"}, "(did you mean '--bucket day'?)"},
           {{"executions", "stats", "--by", "satus"}, "(did you mean 'status'?)"},
           {{"executions", "stats", "--bucket", "status"}, "(did you mean '--by status'?)"},
           {{"executions", "stats", "--bucket", "1h"}, "(did you mean 'hour'?)"},
           {{"executions", "stats", "--by", "team"}, "(did you mean 'label:team'?)"},
           {{"executions", "list", "--where", "status=failed"},
            R"('{"status": "failed"}')"},
           {{"import", "c", "--file", "x"}, "FILE stands without a flag"},
           {{"execute", "-f", "{\"stages\": []}"}, "trawl execute -f -"},
           {{"serve", "-l", "8090"}, "such as 127.0.0.1:8090"},
           {{"namespaces", "retention", "n", "--max-bytes", "10XB"},
            "--max-bytes is '10XB'; use a number of bytes, or one with a unit"},
           {{"executions", "stats", "--bucket", "daily"}, "(did you mean 'day'?)"}}) {
    const auto result = program.run(line);
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
  }
  EXPECT_TRUE(program.seen.empty());
}

TEST(Usage, HelpTellsOfTheFlagsThatAllCommandsHave) {
  Program program;
  for (const Line& line : {Line{"executions", "list"}, Line{"keys", "create"},
                           Line{"execute"}, Line{"doctor"}, Line{"vacuum"}}) {
    auto asked = line;
    asked.emplace_back("--help");
    EXPECT_NE(program.run(asked).out.find("-o table|json|ndjson|csv"), std::string::npos);
  }
  // It has an -o of its own.
  const auto own = program.run({"executions", "export", "--help"}).out;
  EXPECT_EQ(own.find("table|json"), std::string::npos) << own;
  EXPECT_NE(own.find("-n NAMESPACE"), std::string::npos);
}

// -n is a namespace here, and a number of rows elsewhere.
TEST(Usage, ANumberIsNoNamespace) {
  Program program;
  program.answer(404,
                 R"({"error":{"message":"there is no namespace '3'; GET /v1/namespaces )"
                 R"(lists those that exist","type":"NotFoundError"}})");
  const auto result = program.run({"executions", "list", "-n", "3"});
  EXPECT_NE(result.err.find("use --limit"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("trawl namespaces list"), std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("GET"), std::string::npos) << result.err;
}

TEST(Usage, RefusalsNameFlags) {
  Program program;
  const auto answer = [&](const std::string& message, const std::string& place) {
    program.answer(422, R"({"error":{"message":")" + message +
                            R"(","details":{"validation_errors":[{"location":")" + place +
                            R"(","message":")" + message + R"("}]}}})");
    return program.run({"executions", "list"}).err;
  };
  EXPECT_TRUE(answer("sort is 'x'; use timestamp", "body.sort")
                  .starts_with("trawl: --sort is 'x'; use timestamp (HTTP"));
  EXPECT_NE(answer("'x' is no zone", "body.time_zone").find("at --time-zone"),
            std::string::npos);
  EXPECT_NE(answer("stages is empty", "stages").find("stages is empty"), std::string::npos);
}

TEST(Usage, WhoComesWithoutAKeyIsToldOfTheFlag) {
  Program program;
  program.answer(401, R"({"error":{"message":"the Authorization header is missing; send )"
                      R"('Authorization: Bearer sk_…'"}})");
  const auto result = program.run({"keys", "list"});
  EXPECT_NE(result.err.find("no API key is given"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("--api-key"), std::string::npos) << result.err;
}

TEST(Usage, ArgumentsOfAnImportMayBeTheWrongWayRound) {
  Program program;
  const std::string file = testing::TempDir() + "/swapped.ndjson";
  std::ofstream(file) << "{}\n";
  program.answer(404, R"({"error":{"message":"there is no collection"}})");
  EXPECT_NE(program.run({"import", file, "books"}).err.find("the collection comes first"),
            std::string::npos);
}

// A file that an import does not read costs no upload.
TEST(Usage, ImportsSayWhatTheyRead) {
  Program program;
  for (const std::string name : {"x.csv", "x.csv.gz", "x.zip", "x.parquet", "x.bz2"}) {
    const std::string file = testing::TempDir() + "/" + name;
    std::ofstream(file) << "a,b\r\n1,2\r\n";
    const auto result = program.run({"executions", "import", file});
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find("takes NDJSON"), std::string::npos) << result.err;
  }
  const std::string unnamed = testing::TempDir() + "/unnamed";
  std::ofstream(unnamed) << "execution_id,status\r\nexec_1,failed\r\n";
  const auto result = program.run({"executions", "import", unnamed});
  EXPECT_NE(result.err.find("is a CSV"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("--detail"), std::string::npos) << result.err;
  EXPECT_TRUE(program.seen.empty());
}

}  // namespace
}  // namespace trawl::cli::usage_test
