#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/cli_test_support.h"

namespace trawl::cli::import_test {
namespace {

using test::Program;

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

TEST(Cli, ImportWaitsForVectorsWhereItIsAsked) {
  const auto with = [](const std::string& progress) {
    return R"({"collection_name":"notes","features":[{"type":"dense","progress":)" +
           progress + "}]}";
  };
  const std::string some = R"({"documents":2,"awaited":1,"paused":false,"error":null})";
  const std::string all = R"({"documents":2,"awaited":0,"paused":false,"error":null})";
  const std::string stuck = R"({"documents":2,"awaited":1,"error":"the model sleeps"})";
  const std::string report = R"({"imported_count":2,"failed_count":0,"errors":[]})";
  const std::vector<std::string> command = {"import", "notes", "-", "--wait-for",
                                            "vectors"};
  Program program;
  for (const std::string& answer : {with(all), report, with(some), with(all)}) {
    program.answer(200, answer);
  }
  const auto result = program.run(command, "{}\n{}\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, report + "\n");
  EXPECT_EQ(program.seen.size(), 4u);

  for (const std::string& answer : {with(all), report, with(stuck)}) {
    program.answer(200, answer);
  }
  const auto failed = program.run(command, "{}\n{}\n");
  EXPECT_EQ(failed.status, 1);
  EXPECT_EQ(failed.out, report + "\n");
  EXPECT_NE(failed.err.find("do not come: the model sleeps"), std::string::npos);

  // Nothing is sent where there is nothing to wait for.
  program.seen.clear();
  program.answer(200, with("null"));
  EXPECT_EQ(program.run(command, "{}\n").status, 2);
  EXPECT_EQ(program.seen.size(), 1u);
  EXPECT_EQ(program.run({"import", "notes", "-", "--wait-for", "words"}, "{}\n").status, 2);
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

}  // namespace
}  // namespace trawl::cli::import_test
