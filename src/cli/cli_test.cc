// Whole commands against a server that answers from a script.
#include "cli/cli.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <tuple>

#include "base/hash.h"
#include "base/json.h"
#include "cli/terminal/progress.h"

namespace trawl::cli::cli_test {
namespace {

struct Seen {
  std::string method;
  std::string target;
  std::string body;
  std::string content_type;
  std::vector<std::string> headers = {};
};

struct Result {
  int status = 0;
  std::string out;
  std::string err;
};

// Answers requests in order and remembers them.
class Program {
 public:
  void answer(int status, std::string body) {
    replies_.push_back({status, std::move(body), "req_1"});
  }
  // The connection breaks behind this.
  void answer_and_break(std::string body) {
    answer(200, std::move(body));
    replies_.back().headers["broken"] = "yes";
  }
  void set(const std::string& name, const std::string& value) { variables_[name] = value; }

  Result run(const std::vector<std::string>& arguments, const std::string& input = {}) {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    Host host{in, out, err};
    host.width = width;
    host.out_is_terminal = terminal;
    host.environment = [this](const char* name) {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::string() : found->second;
    };
    host.connect = [this](Connection to) -> std::unique_ptr<Transport> {
      connection = std::move(to);
      return std::make_unique<Script>(*this);
    };
    Result result;
    result.status = trawl::cli::run(arguments, host);
    result.out = out.str();
    result.err = err.str();
    return result;
  }

  bool terminal = false;
  std::size_t width = 120;
  Connection connection;
  std::vector<Seen> seen;

 private:
  class Script : public Transport {
   public:
    explicit Script(Program& program) : program_(program) {}
    Outcome<HttpReply> send(const HttpRequest& request) override {
      Seen one{request.method, request.target, request.body.value_or(""),
               request.content_type, request.headers};
      char buffer[64];
      while (request.source) {
        const auto count = request.source->read(buffer, sizeof buffer);
        if (!count || *count == 0) break;
        one.body.append(buffer, *count);
      }
      program_.seen.push_back(std::move(one));
      if (program_.replies_.empty()) return Failure(Exit::refused, "no reply is left");
      auto reply = std::move(program_.replies_.front());
      program_.replies_.pop_front();
      if (request.sink && reply.status == 200) {
        // In pieces that end anywhere.
        for (std::size_t i = 0; i < reply.body.size(); i += 7) {
          if (!request.sink->take(std::string_view(reply.body).substr(i, 7))) break;
        }
        reply.body.clear();
      }
      if (reply.headers.contains("broken")) return Failure(Exit::refused, "it broke off");
      return reply;
    }

   private:
    Program& program_;
  };

  std::deque<HttpReply> replies_;
  std::map<std::string, std::string> variables_;
};

std::string row(int number, std::string_view status = "completed") {
  return R"({"execution_id":"exec_)" + std::to_string(number) + R"(","status":")" +
         std::string(status) +
         R"(","timestamp":"2026-01-02T03:04:05.000000Z","duration_ms":1.5,"credits_used":0.25,)"
         R"("total_returned":10,"stages_completed":2,"total_stages":3,)"
         R"("query_summary":"web, \"server\""})";
}

std::string page(int first, int count, int total, const std::string& cursor) {
  std::string rows;
  for (int i = 0; i < count; ++i) rows += (i > 0 ? "," : "") + row(first + i);
  return R"({"results":[)" + rows + R"(],"total":)" + std::to_string(total) +
         R"(,"pagination":{"next_cursor":)" +
         (cursor.empty() ? "null" : "\"" + cursor + "\"") + "}}";
}

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
      {{"documents", "list", "books"},
       "'list' is not a command of 'trawl documents'; use get, delete; see: trawl "
       "documents "
       "--help"},
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
       "'more' is one argument too many for 'trawl executions list'; see: trawl "
       "executions list --help"},
      {{"execute"}, "--file is required; see: trawl execute --help"},
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

// A status of imported history may be any word, and is passed on where it is near none.
TEST(Cli, AStatusThatIsNearNoneOfOursIsPassedOn) {
  Program program;
  program.answer(200, R"({"results":[],"total":0,"pagination":{}})");
  EXPECT_EQ(program.run({"executions", "list", "--status", "timeout"}).status, 0);
  EXPECT_EQ(program.seen.at(0).body, R"({"status":"timeout"})");
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

TEST(Cli, ListFollowsCursorsUpToTheLimit) {
  Program program;
  program.answer(200, page(1, 1000, 5000, "c1"));
  program.answer(200, page(1001, 500, 5000, "c2"));
  const auto result = program.run({"executions", "list", "--limit", "1500", "--offset", "7",
                                   "--status", "failed", "--since", "-24h", "--until",
                                   "2026-01-01T00:00:00Z", "-o", "json"});
  ASSERT_EQ(result.status, 0) << result.err;
  ASSERT_EQ(program.seen.size(), 2u);
  EXPECT_EQ(program.seen[0].target,
            "/v1/retrievers/executions/list?limit=1000&include_total=true&offset=7");
  EXPECT_EQ(
      program.seen[0].body,
      R"({"status":"failed","start_time":"-24h","end_time":"2026-01-01T00:00:00.000000Z"})");
  EXPECT_EQ(program.seen[1].target,
            "/v1/retrievers/executions/list?limit=500&include_total=true&cursor=c1");
  const auto parsed = parse_json(result.out);
  ASSERT_TRUE(parsed) << result.out.substr(0, 200);
  EXPECT_EQ(parsed->at("results").as_array().size(), 1500u);
  EXPECT_EQ(parsed->at("total"), json::value(5000));
  EXPECT_EQ(parsed->at("next_cursor"), json::value("c2"));
}

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

std::string figures(int count, int failed) {
  return R"("count":)" + std::to_string(count) + R"(,"error_count":)" +
         std::to_string(failed) + R"(,"error_rate":)" +
         (count == 0 ? "null" : std::to_string(double(failed) / count)) +
         R"(,"completed_count":1,"zero_result_count":0,"zero_result_rate":0,"duration_ms":)" +
         (count == 0 ? R"({"avg":null,"p50":null,"p95":null,"p99":null})"
                     : R"({"avg":2,"p50":1.5,"p95":1500,"p99":90000})") +
         R"(,"credits_used":{"total":0.25,"avg":0.1},"cache_hit_rate":null)";
}

TEST(Cli, StatsOverTimeAreATableWithBars) {
  const std::string reply =
      R"({"bucket":"hour","group_by":null,"filter":{},"total":{)" + figures(1234, 617) +
      R"(},"results":[{"bucket_start":"2026-01-02T03:00:00.000000Z",)" + figures(8, 2) +
      R"(},{"bucket_start":"2026-01-02T04:00:00.000000Z",)" + figures(0, 0) +
      R"(},{"bucket_start":"2026-01-02T05:00:00.000000Z",)" + figures(5, 0) +
      R"(}],"partial":true})";
  Program program;
  program.answer(200, reply);
  const auto table = program.run(
      {"executions", "stats", "--bucket", "hour", "--by", "label:a", "-o", "table"});
  EXPECT_EQ(program.seen.at(0).target, "/v1/retrievers/executions/aggregate");
  EXPECT_EQ(program.seen.at(0).body, R"({"group_by":"label:a","bucket":"hour"})");
  EXPECT_EQ(
      table.out,
      "FROM (UTC)        COUNT                        FAILED  EMPTY      P50     P95     "
      "P99  "
      "CREDITS  CACHE\n"
      "2026-01-02 03:00      8  ████████████████████    25 %    0 %  1.50 ms  1.50 s  1m "
      "30s  "
      "   0.25      -\n"
      "2026-01-02 04:00      0                             -    0 %        -       -       "
      "-  "
      "   0.25      -\n"
      "2026-01-02 05:00      5  ████████████▌            0 %    0 %  1.50 ms  1.50 s  1m "
      "30s  "
      "   0.25      -\n"
      "1,234 executions, 50 % failed; p50 1.50 ms, p95 1.50 s, p99 1m 30s; 0.25 credits\n");
  EXPECT_NE(table.err.find("some executions are missing"), std::string::npos);

  program.answer(200, reply);
  EXPECT_EQ(program.run({"executions", "stats"}).out, reply + "\n");
  program.answer(200, reply);
  const auto csv = program.run({"executions", "stats", "-o", "csv"}).out;
  EXPECT_EQ(csv.substr(0, 31), "bucket_start,count,error_count,");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
}

TEST(Cli, StatsByGroupNameTheGroup) {
  Program program;
  program.width = 42;
  program.answer(200, R"({"bucket":"none","group_by":"label:team","total":{)" +
                          figures(4, 0) + R"(},"results":[{"label":"search",)" +
                          figures(2, 0) + R"(},{"label":"",)" + figures(1, 0) +
                          R"(},{"label":null,)" + figures(1, 0) + "}]}");
  const auto result = program.run({"executions", "stats", "-o", "table"});
  EXPECT_EQ(result.out.substr(0, result.out.find("4 executions")),
            "LABEL:TEAM  COUNT  FAILED      P50     P95\n"
            "search          2     0 %  1.50 ms  1.50 s\n"
            "\"\"              1     0 %  1.50 ms  1.50 s\n"
            "-               1     0 %  1.50 ms  1.50 s\n");
  program.answer(200, R"({"bucket":"day","total":{},"results":[]})");
  EXPECT_EQ(program.run({"executions", "stats", "-o", "table"}).out, "no executions\n");
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

TEST(Cli, ListAsCsvHasThirteenColumns) {
  Program program;
  program.answer(200, page(1, 1, 1, ""));
  const auto result = program.run({"executions", "list", "-o", "csv"});
  EXPECT_EQ(result.out,
            "execution_id,execution_mode,status,timestamp,duration_ms,credits_used,"
            "total_processed,total_returned,cache_hit_rate,query_summary,stages_completed,"
            "total_stages,collection_ids\r\n"
            "exec_1,,completed,2026-01-02T03:04:05.000000Z,1.5,0.25,,10,,"
            "\"web, \"\"server\"\"\",2,3,\r\n");
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
            "  at body.start_time\n");

  program.answer(502, "<html>bad gateway</html>");
  const auto gateway = program.run({"namespaces", "list"});
  EXPECT_EQ(gateway.status, 1);
  EXPECT_NE(gateway.err.find("status 502"), std::string::npos) << gateway.err;

  program.answer(200, "[]");
  EXPECT_EQ(program.run({"namespaces", "show", "x"}).status, 1);
}

TEST(Cli, ExecuteLaysInputsOverTheFile) {
  Program program;
  program.answer(200, R"({"execution_id":"exec_1","status":"completed","documents":[
      {"document_id":"a","score":1.5,"section":"web"},{"document_id":"b","score":1,"x":"y,z"}]})");
  const auto result = program.run(
      {"execute", "-f", "-", "--input", "query=2026", "-i", "limit=5", "--collection",
       "other", "-o", "csv", "--label", "team=search", "--label", "note=a=b"},
      R"({"collection_identifiers":["c"],"labels":{"team":"x","env":"prod"},"input_schema":{"query":{"type":"text"}},
          "stages":[],"inputs":{"query":"x","kept":1}})");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto sent = *parse_json(program.seen.at(0).body);
  EXPECT_EQ(sent.at("inputs"), (json::value{{"query", "2026"}, {"kept", 1}, {"limit", 5}}));
  EXPECT_EQ(sent.at("collection_identifiers"), (json::value{"other"}));
  EXPECT_EQ(sent.at("labels"),
            (json::value{{"team", "search"}, {"env", "prod"}, {"note", "a=b"}}));
  EXPECT_EQ(program.run({"execute", "-f", "-", "--label", "=x"}, "{}").status, 2);
  EXPECT_EQ(result.out, "document_id,score,section,x\r\na,1.5,web,\r\nb,1,,\"y,z\"\r\n");
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

TEST(Cli, DocumentsShowWhatTellsMost) {
  Program program;
  program.answer(200, R"({"execution_id":"exec_1","status":"completed","documents":[
      {"document_id":"a","collection_id":"col","score":2,"name":"a","summary":"first words",
       "size":1234,"nested":{"x":1}},
      {"document_id":"b","collection_id":"col","score":1,"name":"b","summary":"second words",
       "size":5,"tags":["x","y"]}]})");
  const auto result = program.run({"execute", "-f", "-", "-o", "table"}, "{\"stages\":[]}");
  // The name says what the id says; the nested object says nothing in a cell.
  EXPECT_EQ(result.out.substr(0, result.out.find("2 documents")),
            "SCORE  DOCUMENT  SUMMARY       SIZE  TAGS\n"
            "    2  a         first words   1234\n"
            "    1  b         second words     5  x, y\n");
}

TEST(Cli, FailedExecutionsEndWithOneAndShowWhatThereIs) {
  Program program;
  program.answer(200, R"({"execution_id":"exec_9","status":"failed",
      "error":"regex: missing brace","documents":[]})");
  const auto result =
      program.run({"execute", "-f", "-", "-o", "table"}, R"({"stages":[]})");
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("exec_9"), std::string::npos);
  EXPECT_NE(result.err.find("the execution failed: regex: missing brace"),
            std::string::npos);
}

TEST(Cli, ExecuteTellsWhatIsWrongWithItsFile) {
  Program program;
  EXPECT_EQ(program.run({"execute", "-f", "-"}, "{\"stages\": [").status, 2);
  EXPECT_EQ(program.run({"execute", "-f", "-"}, "[]").status, 2);
  EXPECT_EQ(program.run({"execute", "-f", "-", "-i", "novalue"}, "{}").status, 2);
  EXPECT_TRUE(program.seen.empty());
}

TEST(Cli, ImportStreamsItsInput) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "{\"n\":" + std::to_string(i) + "}\n";
  Program program;
  program.answer(200, R"({"collection_name":"articles"})");
  program.answer(200, R"({"imported_count":100,"failed_count":0,"errors":[]})");
  const auto result = program.run({"import", "articles", "-", "-o", "table"}, lines);
  EXPECT_EQ(result.status, 0) << result.err;
  ASSERT_EQ(program.seen.size(), 2u);
  EXPECT_EQ(program.seen[0].target, "/v1/collections/articles");
  EXPECT_EQ(program.seen[1].target, "/v1/collections/articles/documents/import");
  EXPECT_EQ(program.seen[1].content_type, "application/x-ndjson");
  EXPECT_EQ(program.seen[1].body, lines);
  EXPECT_EQ(result.out.substr(0, 22), "imported 100 documents");
  EXPECT_EQ(result.err, "");  // No progress where nobody watches.
}

TEST(Cli, ImportCreatesOnlyWhenAsked) {
  const std::string missing =
      R"({"error":{"message":"no collection 'articles'","type":"NotFoundError"}})";
  Program program;
  program.answer(404, missing);
  const auto refused = program.run({"import", "articles", "-"}, "{}\n");
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("--create"), std::string::npos);
  EXPECT_EQ(program.seen.size(), 1u);

  program.answer(404, missing);
  program.answer(200, R"({"collection_name":"articles"})");
  program.answer(200, R"({"imported_count":1,"failed_count":0,"errors":[]})");
  const auto created = program.run({"import", "articles", "-", "--create", "--fields",
                                    "title:3,body", "--language", "english"},
                                   "{}\n");
  EXPECT_EQ(created.status, 0) << created.err;
  EXPECT_EQ(program.seen.at(2).body,
            R"({"collection_name":"articles","features":[{"type":"bm25",)"
            R"("feature_uri":"trawl://bm25@v1/text","fields":[{"path":"title","weight":3},)"
            R"({"path":"body"}],"language":"english"}]})");
}

TEST(Cli, BadLinesEndWithOne) {
  Program program;
  program.answer(200, R"({"imported_count":5,"skipped_count":2,"failed_count":9,"errors":[
      {"line":3,"message":"is no JSON"},{"line":12345,"message":"no status"}]})");
  const auto result = program.run({"executions", "import", "-", "-o", "table"}, "x\n");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(program.seen.at(0).target, "/v1/retrievers/executions/import");
  EXPECT_EQ(
      result.err,
      "trawl: line 3: is no JSON\ntrawl: line 12,345: no status\ntrawl: and 7 more\n");
  EXPECT_NE(result.out.find("skipped 2, refused 9"), std::string::npos) << result.out;
}

TEST(Cli, KeysAreConfinedByTheFlagAlone) {
  Program program;
  program.set("TRAWL_NAMESPACE", "elsewhere");
  program.answer(200, R"({"name":"k","key":"sk_secret"})");
  const auto result =
      program.run({"keys", "create", "k", "-p", "read", "-p", "write", "-o", "table"});
  EXPECT_EQ(result.out, "sk_secret\n");
  EXPECT_EQ(program.seen.at(0).target,
            "/v1/organizations/users/admin%40localhost/api-keys");
  EXPECT_EQ(program.seen.at(0).body, R"({"name":"k","permissions":["read","write"]})");

  program.answer(200, R"({"name":"k","key":"sk_secret"})");
  program.run({"keys", "create", "k", "--namespace", "staging", "--user", "a@b"});
  EXPECT_EQ(program.seen.at(1).body,
            R"({"name":"k","permissions":["read"],"namespace_id":"staging"})");
}

TEST(Cli, KeysAreLimited) {
  Program program;
  program.answer(200, R"({"name":"k","key":"sk_secret"})");
  program.run({"keys", "create", "k", "--rate-limit", "60", "--burst", "10"});
  EXPECT_EQ(program.seen.at(0).body,
            R"({"name":"k","permissions":["read"],"rate_limit_override":60,)"
            R"("rate_limit_burst":10})");
  for (const std::string flag : {"--rate-limit=0", "--default-rate-limit"}) {
    program.answer(200, R"({"name":"k"})");
    const auto result = program.run({"keys", "update", "k", flag, "-o", "table"});
    EXPECT_EQ(result.out, "changed key 'k'\n") << result.err;
  }
  EXPECT_EQ(program.seen.at(1).method, "PATCH");
  EXPECT_EQ(program.seen.at(1).target,
            "/v1/organizations/users/admin%40localhost/api-keys/k");
  EXPECT_EQ(program.seen.at(1).body, R"({"rate_limit_override":0})");
  EXPECT_EQ(program.seen.at(2).body, R"({"rate_limit_override":null})");
}

TEST(Cli, ShowExplainsTheStages) {
  Program program;
  program.width = 100;
  program.answer(200, R"({"execution_id":"exec_1","status":"failed","timestamp":
      "2026-01-02T03:04:05Z","duration_ms":4,"error":"bad regex","failed_stage":"names",
      "stages_completed":1,"total_stages":2,"inputs":"{\"query\":\"x\"}","stages":[
      {"stage_name":"search","stage_id":"feature_search","duration_ms":3,"input_count":0,
       "output_count":1200,"scanned_count":5,"cache_hit":true,"credits_used":1,"error":null},
      {"stage_name":"names","stage_id":"attribute_filter","duration_ms":1,"input_count":1200,
       "output_count":0,"scanned_count":0,"cache_hit":false,"credits_used":0,
       "error":"bad regex"}],"results":[{"document_id":"vim","score":2.5}]})");
  const auto result = program.run({"executions", "show", "exec_1", "-o", "table"});
  ASSERT_EQ(result.status, 0) << result.err;
  for (const auto* part :
       {"exec_1\n", "bad regex", "Stages: 1 of 2 completed", "feature_search",
        "█████████   ", "1,200", "hit", "{\"query\":\"x\"}", "vim"})
    EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
}

TEST(Cli, ShowFindsWhatIsNamed) {
  const std::string detail = R"({"execution_id":"exec_01A","status":"completed"})";
  const std::string list = R"({"results":[{"execution_id":"exec_01A"}]})";
  for (const auto& [word, offset] : std::map<std::string, std::string>{
           {"latest", "0"}, {"latest~2", "2"}, {"-1", "0"}, {"-3", "2"}}) {
    Program program;
    program.answer(200, list);
    program.answer(200, detail);
    EXPECT_EQ(program.run({"executions", "show", word, "-o", "json"}).out, detail + "\n");
    EXPECT_EQ(program.seen.at(0).target, "/v1/retrievers/executions/list?limit=1&offset=" +
                                             offset + "&include_total=false");
    EXPECT_EQ(program.seen.at(1).target, "/v1/retrievers/executions/exec_01A");
  }
  Program program;
  const std::string missing = R"({"error":{"message":"no such execution"}})";
  program.answer(404, missing);
  program.answer(200, list);
  program.answer(200, detail);
  EXPECT_EQ(program.run({"executions", "show", "exec_01", "-o", "json"}).status, 0);
  EXPECT_NE(program.seen.at(1).body.find("starts_with"), std::string::npos);
  program.answer(404, missing);
  program.answer(
      200, R"({"results":[{"execution_id":"exec_01A"},{"execution_id":"exec_01B"}]})");
  const auto several = program.run({"executions", "show", "exec_01"});
  EXPECT_EQ(several.status, 1);
  EXPECT_NE(several.err.find("several executions begin with 'exec_01'"), std::string::npos);
  program.answer(404, missing);
  program.answer(200, R"({"results":[]})");
  EXPECT_NE(program.run({"executions", "show", "x"}).err.find("no such execution"),
            std::string::npos);
  program.answer(200, R"({"results":[]})");
  EXPECT_NE(program.run({"executions", "show", "latest"}).err.find("no executions yet"),
            std::string::npos);
}

std::string export_rows(int from, int to) {
  std::string out;
  for (int i = from; i < to; ++i) {
    out += "{\"execution_id\":\"e" + std::to_string(i) + "\",\"n\":1}\n";
  }
  return out;
}
std::string with_trailer(const std::string& rows) {
  return rows + "{\"_trailer\":{\"rows\":" +
         std::to_string(std::count(rows.begin(), rows.end(), '\n')) + ",\"sha256\":\"" +
         sha256_hex(rows) + "\",\"next_cursor\":null,\"complete\":true}}\n";
}

TEST(Cli, ExportWritesRowsWithoutTheirTrailer) {
  Program program;
  program.answer(200, with_trailer(export_rows(0, 3)));
  const auto result =
      program.run({"executions", "export", "--status", "failed", "--since", "-7d"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, export_rows(0, 3));
  EXPECT_EQ(program.seen[0].target,
            "/v1/retrievers/executions/export?format=ndjson&trailer=true");
  EXPECT_EQ(program.seen[0].body, R"({"status":"failed","start_time":"-7d"})");
}

TEST(Cli, ExportGoesOnBehindTheLastWholeLine) {
  Program program;
  const std::string first = export_rows(0, 3);
  program.answer_and_break(first.substr(0, first.size() - 5));
  program.answer(200, with_trailer(export_rows(2, 5)));
  const auto result = program.run({"executions", "export", "--limit", "9"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, export_rows(0, 5));
  ASSERT_EQ(program.seen.size(), 2U);
  EXPECT_EQ(program.seen[1].target,
            "/v1/retrievers/executions/export?format=ndjson&trailer=true&limit=7&after=e1");
  EXPECT_NE(result.err.find("resuming after 2 executions"), std::string::npos)
      << result.err;
}

TEST(Cli, ExportRefusesWhatDoesNotFitItsTrailer) {
  const std::string good = with_trailer(export_rows(0, 3));
  std::string changed = good;
  changed[20] = '2';  // In the first row.
  for (const auto& [body, complaint] : std::map<std::string, std::string>{
           {changed, "SHA-256"}, {good.substr(good.find('\n') + 1), "2 arrived"}}) {
    Program program;
    program.answer(200, body);
    const auto result = program.run({"executions", "export"});
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.err.find(complaint), std::string::npos) << result.err;
  }
}

TEST(Cli, ExportKnowsLinesOfCsvWithLineEndsInside) {
  const std::string heading = "execution_id,query_summary\r\n";
  const std::string one = "\"a,\"\"1\",\"two\r\nlines\"\r\n";
  const std::string two = "b,plain\r\n";
  Program program;
  program.answer_and_break(heading + one + "b,pl");
  program.answer(200, heading + two + "# rows=1 sha256=" + sha256_hex(heading + two) +
                          " next_cursor=\r\n");
  const auto result = program.run({"executions", "export", "--format", "csv"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, heading + one + two);
  EXPECT_TRUE(program.seen[1].target.ends_with("&after=a%2C%221"))
      << program.seen[1].target;
}

TEST(Cli, ExportDoesWhatTheNameOfTheFileSays) {
  const std::string base = testing::TempDir() + "export_name_test";
  for (const auto& [ending, format, packed] :
       {std::tuple<std::string, std::string, bool>{".csv", "csv", false},
        {".csv.gz", "csv", true},
        {".ndjson.gz", "ndjson", true},
        {".jsonl", "ndjson", false},
        {".gz", "ndjson", true},
        {".txt", "ndjson", false}}) {
    const std::string name = base + ending;
    std::remove(name.c_str());
    Program program;
    const std::string rows = format == "csv" ? "execution_id\r\na\r\n" : export_rows(0, 1);
    program.answer(200, format == "csv" ? rows + "# rows=1 sha256=" + sha256_hex(rows) +
                                              " next_cursor=\r\n"
                                        : with_trailer(rows));
    const auto result = program.run({"executions", "export", "-o", name});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_NE(program.seen.at(0).target.find("format=" + format), std::string::npos);
    std::ifstream file(name);
    std::string text(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(text.starts_with("\x1f\x8b"), packed) << name;
    if (!packed) EXPECT_EQ(text, rows);
    std::remove(name.c_str());
  }
  for (const auto& [complaint, arguments] : std::map<std::string, std::vector<std::string>>{
           {"says csv", {"-o", base + ".csv", "--format", "ndjson"}},
           {"does not end in .gz", {"-o", base + ".ndjson", "--gzip"}},
           {"--detail does not fit", {"-o", base + ".csv", "--detail"}}}) {
    Program program;
    std::vector<std::string> line = {"executions", "export"};
    line.insert(line.end(), arguments.begin(), arguments.end());
    const auto result = program.run(line);
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find(complaint), std::string::npos) << result.err;
    EXPECT_TRUE(program.seen.empty());
  }
}

TEST(Cli, ExportToAFileIsWholeOrNotThere) {
  const std::string name = testing::TempDir() + "export_test.ndjson";
  std::remove(name.c_str());
  Program program;
  program.answer(500, "{}");
  EXPECT_EQ(program.run({"executions", "export", "-o", name}).status, 1);
  EXPECT_FALSE(std::ifstream(name).good());
  program.answer(200, with_trailer(export_rows(0, 2)));
  const auto result = program.run({"executions", "export", "-o", name});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("\"exported_count\":2"), std::string::npos) << result.out;
  std::ifstream file(name);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), export_rows(0, 2));
  EXPECT_FALSE(std::ifstream(name + ".part").good());
  // Nor does another one take its place unasked.
  const auto refused = program.run({"executions", "export", "-o", name});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("exists; add --force"), std::string::npos) << refused.err;
  program.answer(200, with_trailer(export_rows(0, 1)));
  EXPECT_EQ(program.run({"executions", "export", "--force", "-o", name}).status, 0);
  std::ifstream replaced(name);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(replaced), {}), export_rows(0, 1));
  std::remove(name.c_str());

  EXPECT_EQ(program.run({"executions", "export", "-o", "csv"}).status, 2);
  EXPECT_EQ(program.run({"executions", "export", "-o", "/nowhere/at/all"}).status, 2);
  EXPECT_EQ(program.run({"executions", "export", "--detail", "--format", "csv"}).status, 2);
}

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

TEST(Cli, TailEndsWhereNobodyAnswers) {
  Program program;
  EXPECT_EQ(program.run({"executions", "tail"}).status, 1);
  program.answer(422, "{}");
  EXPECT_EQ(program.run({"executions", "tail", "--since", "-1h"}).status, 1);
  EXPECT_EQ(program.seen.size(), 2U);
  EXPECT_EQ(program.run({"executions", "tail", "--since", "soon"}).status, 2);
  EXPECT_EQ(program.seen.size(), 2U);
}

TEST(Progress, LineHasShareRateAndTimeLeft) {
  ProgressState state;
  state.bytes = 50 * 1024 * 1024;
  state.bytes_total = 100 * 1024 * 1024;
  state.lines = 12345;
  state.elapsed_us = 5'000'000;
  EXPECT_EQ(progress_line("importing documents", state, 200),
            "importing documents [████████████            ]  50%  12,345 lines  50.0 MiB"
            "  10.0 MiB/s  ETA 0:05");
  state.bytes_total.reset();
  state.sent = true;
  EXPECT_EQ(progress_line("importing", state, 200),
            "importing 12,345 lines  50.0 MiB  sent; the server is finishing (0:05)");
  EXPECT_EQ(progress_line("importing", state, 12), "importing 1…");
}

TEST(Progress, BarsFillByEighths) {
  EXPECT_EQ(bar(0, 4), "    ");
  EXPECT_EQ(bar(1, 4), "████");
  EXPECT_EQ(bar(0.5, 4), "██  ");
  EXPECT_EQ(bar(1.0 / 32, 4), "▏   ");
  EXPECT_EQ(bar(7, 4), "████");
  EXPECT_EQ(bar(-1, 4), "    ");
}

}  // namespace
}  // namespace trawl::cli::cli_test
