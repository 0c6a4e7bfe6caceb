#include "cli/cli.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/cli_test_support.h"

namespace trawl::cli::cli_test {
namespace {

using test::page;
using test::Program;

TEST(Cli, SettingsComeFromFlagsThenOwnThenForeignVariables) {
  Program program;
  program.set("MIXPEEK_BASE_URL", "http://m:1/v1");
  program.set("MIXPEEK_API_KEY", "sk_m");
  program.set("MIXPEEK_NAMESPACE", "mn");
  program.answer(200, page(1, 0, 0, ""));
  ASSERT_EQ(program.run({"executions", "list"}).status, 0);
  EXPECT_EQ(program.connection.base_url, "http://m:1");
  EXPECT_EQ(program.connection.api_key, "sk_m");
  EXPECT_EQ(program.connection.namespace_name, "mn");

  program.set("TRAWL_URL", "http://t:2");
  program.set("TRAWL_API_KEY", "sk_t");
  program.answer(200, page(1, 0, 0, ""));
  ASSERT_EQ(program.run({"executions", "list", "--api-key", "sk_f"}).status, 0);
  EXPECT_EQ(program.connection.base_url, "http://t:2");
  EXPECT_EQ(program.connection.api_key, "sk_f");
  EXPECT_EQ(program.connection.namespace_name, "mn");

  Program bare;
  bare.answer(200, page(1, 0, 0, ""));
  ASSERT_EQ(bare.run({"executions", "list"}).status, 0);
  EXPECT_EQ(bare.connection.base_url, "http://127.0.0.1:8080");
}

TEST(Cli, WrongUsageEndsWithTwoAndSendsNothing) {
  Program program;
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"nonsense"},
           {"executions"},
           {"executions", "list", "--limit", "0"},
           {"executions", "list", "--limit", "5", "--all"},
           {"executions", "list", "--cursor", "x", "--offset", "1"},
           {"executions", "list", "-o", "xml"},
           {"executions", "list", "--label", "team"},
           {"executions", "list", "--where", "{oops"},
           {"executions", "list", "--where", "[]"},
           {"executions", "list", "--min-duration", "soon"},
           {"executions", "list", "--max-duration", "-1s"},
           {"executions", "stats", "--returned", "some"},
           {"executions", "stats", "--sort", "duration_ms"},
           {"execute"},
           {"execute", "-f", "/nonexistent/file.json"},
           {"execute", "-f", "/"},
           {"import", "c", "/nonexistent/file.ndjson", "--fields", "a"},
           {"collections", "create", "abc", "--field", "name:99"},
           {"keys", "create", "k", "--permission", "root"},
           {"keys", "create", "k", "--burst", "0"},
           {"keys", "update", "k"},
           {"keys", "update", "k", "--rate-limit", "9", "--default-rate-limit"},
           {"--url", "ftp://x", "namespaces", "list"},
       }) {
    const auto result = program.run(arguments);
    EXPECT_EQ(result.status, 2) << (arguments.empty() ? "" : arguments.back());
    EXPECT_FALSE(result.err.empty());
  }
  EXPECT_TRUE(program.seen.empty());
}

// What a person reads who mistyped something: the word, the nearest one, whose help.
TEST(Cli, MistypedWordsAreNamedWithTheRemedy) {
  Program program;
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--url", "http://x", "exeucte", "-f", "x"},
       "'exeucte' is not a command of 'trawl' (did you mean 'execute'?); see: trawl "
       "--help"},
      {{"executions", "lst"},
       "'lst' is not a command of 'trawl executions' (did you mean 'list'?); see: trawl "
       "executions --help"},
      {{"list"},
       "'list' is not a command of 'trawl' (did you mean 'trawl executions list'?); see: "
       "trawl --help"},
      {{"search", "whale"},
       "'search' is not a command of 'trawl' (did you mean 'trawl execute'?); see: trawl "
       "--help"},
      {{"executions", "list", "--json"},
       "'--json' is not a flag of 'trawl executions list' (did you mean '-o json'?); see: "
       "trawl executions list --help"},
      {{"documents", "weigh", "books"},
       "'weigh' is not a command of 'trawl documents'; use list, get, delete; see: trawl "
       "documents --help"},
      {{"executions", "list", "--sinc", "-1h"},
       "'--sinc' is not a flag of 'trawl executions list' (did you mean '--since'?); see: "
       "trawl executions list --help"},
      {{"executions", "list", "--limt=3"},
       "'--limt' is not a flag of 'trawl executions list' (did you mean '--limit'?); see: "
       "trawl executions list --help"},
      {{"--ulr", "http://x", "executions", "list"},
       "'--ulr' is not a flag of 'trawl executions list' (did you mean '--url'?); see: "
       "trawl "
       "executions list --help"},
      {{"-x"}, "'-x' is not a flag of 'trawl'; see: trawl --help"},
      {{"executions", "list", "more"},
       "'more' is unexpected: 'trawl executions list' takes flags only (did you mean "
       "'--query more'?); see: trawl executions list --help"},
      {{"execute"}, "'trawl execute' needs --file FILE; see: trawl execute --help"},
      {{"execute", "--file"}, "--file needs a value: FILE; see: trawl execute --help"},
      {{"executions", "list", "--status", "faild"},
       "--status is 'faild' (did you mean 'failed'?); if imported history spells it that "
       "way, use --where '{\"status\": \"faild\"}'"},
  };
  for (const auto& [arguments, message] : cases) {
    const auto result = program.run(arguments);
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.err, "trawl: " + message + "\n");
    EXPECT_EQ(result.out, "");
  }
  EXPECT_TRUE(program.seen.empty());
}

TEST(Cli, ACommandThatOnlyLeadsToOthersPrintsItsHelp) {
  Program program;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{}, {"executions"}, {"keys"}}) {
    const auto result = program.run(arguments);
    auto asked = arguments;
    asked.emplace_back("--help");
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.err, program.run(asked).out);
  }
}

TEST(Cli, HelpIsACommandToo) {
  Program program;
  EXPECT_EQ(program.run({"help"}).out, program.run({"--help"}).out);
  const auto result = program.run({"help", "executions", "list"});
  EXPECT_EQ(result.out, program.run({"executions", "list", "--help"}).out);
  EXPECT_EQ(result.status, 0);
}

TEST(Cli, EveryCommandHasHelpWithAnExample) {
  Program program;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"serve"},
                                             {"execute"},
                                             {"import"},
                                             {"executions"},
                                             {"executions", "list"},
                                             {"executions", "stats"},
                                             {"executions", "show"},
                                             {"executions", "import"},
                                             {"collections"},
                                             {"collections", "list"},
                                             {"collections", "create"},
                                             {"collections", "show"},
                                             {"collections", "delete"},
                                             {"documents"},
                                             {"documents", "list"},
                                             {"documents", "get"},
                                             {"documents", "delete"},
                                             {"namespaces"},
                                             {"namespaces", "list"},
                                             {"namespaces", "create"},
                                             {"namespaces", "show"},
                                             {"namespaces", "delete"},
                                             {"keys"},
                                             {"keys", "create"},
                                             {"keys", "list"},
                                             {"keys", "update"},
                                             {"keys", "revoke"}}) {
    auto asked = arguments;
    asked.emplace_back("--help");
    const auto result = program.run(asked);
    EXPECT_EQ(result.status, 0);
    EXPECT_NE(result.out.find("Example"), std::string::npos) << result.out;
  }
  EXPECT_EQ(program.run({"--version"}).out, "trawl " TRAWL_VERSION "\n");
}

TEST(Cli, RefusalsTellMessageTypeAndRequest) {
  Program program;
  program.answer(422,
                 R"({"success":false,"status":422,"error":{"message":"'x' is not a time",
      "type":"ValidationError","details":{"validation_errors":[
      {"type":"value_error","location":"body.start_time","message":"'x' is not a time"}]}}})");
  const auto result = program.run({"executions", "list", "--since", "-9w"});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err,
            "trawl: 'x' is not a time (ValidationError, HTTP 422, request req_1)\n"
            "  at --since\n");

  program.answer(502, "<html>bad gateway</html>");
  const auto gateway = program.run({"namespaces", "list"});
  EXPECT_EQ(gateway.status, 1);
  EXPECT_NE(gateway.err.find("status 502"), std::string::npos) << gateway.err;

  program.answer(200, "[]");
  EXPECT_EQ(program.run({"namespaces", "show", "x"}).status, 1);
}

// From a variable that was not set: "--before $BEFORE" must not mean at any time.
TEST(Cli, AnEmptyConditionIsRefused) {
  Program program;
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"executions", "delete", "--status", "failed", "--before", "", "--yes"},
           {"executions", "delete", "--all", "--status", "", "--yes"},
           {"executions", "delete", "--since", "", "--all"},
           {"-n", "", "executions", "delete", "--all", "--yes"},
           {"-n", "", "keys", "create", "wide"},
           {"keys", "create", "lasting", "--expires-at", ""},
           {"executions", "list", "--status", ""},
           {"executions", "list", "--until", ""},
           {"executions", "export", "--where", ""},
           {"executions", "tail", "--status", ""}}) {
    const auto result = program.run(arguments);
    EXPECT_EQ(result.status, 2) << arguments.at(1);
    EXPECT_NE(result.err.find("is empty"), std::string::npos) << result.err;
  }
  EXPECT_TRUE(program.seen.empty());
}

}  // namespace
}  // namespace trawl::cli::cli_test
