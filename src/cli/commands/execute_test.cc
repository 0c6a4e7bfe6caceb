#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "cli/cli_test_support.h"

namespace trawl::cli::execute_test {
namespace {

using test::Program;

TEST(Cli, LinesOfJsonAreNoRetriever) {
  Program program;
  for (const std::string text : {"{\"a\":1}\n{\"a\":2}\n", "\n{\"a\":1}\r\n{\"a\""}) {
    const auto result = program.run({"execute", "-f", "-"}, text);
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find("trawl import COLLECTION"), std::string::npos) << result.err;
  }
  const auto broken = program.run({"execute", "-f", "-"}, "{\n\"a\" 1\n}");
  EXPECT_EQ(broken.err.find("trawl import"), std::string::npos) << broken.err;
  EXPECT_TRUE(program.seen.empty());
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

TEST(Cli, AScoreOfTheDocumentsOwnIsShownAsItIs) {
  const auto table = [](const std::string& first, const std::string& second) {
    Program program;
    program.answer(
        200, R"({"status":"completed","documents":[{"document_id":"a","score":)" + first +
                 R"(},{"document_id":"b","score":)" + second + "}]}");
    return program.run({"execute", "-f", "-", "-o", "table"}, R"({"stages":[]})").out;
  };
  EXPECT_NE(table(R"("A+")", R"("good")").find("good"), std::string::npos);
  const std::string mixed = table(R"("A+")", "2.5");
  EXPECT_NE(mixed.find("A+"), std::string::npos) << mixed;
  EXPECT_NE(mixed.find("2.5"), std::string::npos) << mixed;
  EXPECT_NE(mixed.find("SCORE"), std::string::npos) << mixed;
  EXPECT_TRUE(table("1.5", "null").starts_with("SCORE"));
  EXPECT_EQ(table("0.0", "0.0").find("SCORE"), std::string::npos);
}

TEST(Cli, ColumnsLeadThroughLists) {
  const std::string reply = R"({"execution_id":"exec_1","status":"completed","documents":[
      {"document_id":"a","parts":[{"name":"x","n":1},{"name":"y","n":2}],"year":1}],
      "facets":{"author":[{"value":"Austen","count":3}]},
      "stage_statistics":{"credits_used":1},
      "warnings":["an input that nothing reads"]})";
  const auto in = [&](const std::string& format, const std::string& columns) {
    Program program;
    program.answer(200, reply);
    return program.run({"execute", "-f", "-", "-o", format, "--columns", columns}, "{}");
  };
  EXPECT_EQ(in("csv", "parts.name,year").out,
            "parts.name,year\r\n\"[\"\"x\"\",\"\"y\"\"]\",1\r\n");
  EXPECT_EQ(in("ndjson", "parts.name,year").out,
            "{\"parts.name\":[\"x\",\"y\"],\"year\":1}\n");
  const auto table = in("table", "parts.name");
  EXPECT_NE(table.out.find("x, y"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("author: Austen (3)"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find(", 1 credit, "), std::string::npos) << table.out;
  for (const std::string format : {"json", "ndjson", "csv", "table"}) {
    const auto result = in(format, "parts.nam");
    EXPECT_NE(result.err.find("did you mean 'parts.name'?"), std::string::npos)
        << result.err;
    EXPECT_NE(result.err.find("an input that nothing reads"), std::string::npos)
        << result.err;
  }
}

}  // namespace
}  // namespace trawl::cli::execute_test
