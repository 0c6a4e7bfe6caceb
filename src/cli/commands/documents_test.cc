#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "cli/cli_test_support.h"

namespace trawl::cli::documents_test {
namespace {

using test::Program;

const std::string kPage =
    R"({"results":[{"document_id":"moby","title":"Moby Dick","_internal":{"a":1}},)"
    R"({"document_id":"emma","title":"Emma"}],"pagination":{"total":3,"next_cursor":"c"}})";

TEST(Cli, DocumentsAreListed) {
  Program program;
  program.answer(200, kPage);
  const auto table =
      program.run({"documents", "list", "books", "--limit", "2", "-o", "table"});
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_EQ(program.seen.at(0).target,
            "/v1/collections/books/documents/list?limit=2&include_total=true");
  for (const auto* part : {"DOCUMENT", "TITLE", "moby", "Emma", "showing 2 of 3"})
    EXPECT_NE(table.out.find(part), std::string::npos) << part << "\n" << table.out;

  program.answer(200, kPage);
  const auto lines =
      program.run({"documents", "list", "books", "--limit", "2", "-o", "ndjson",
                   "--columns", "document_id,title", "--where", R"({"author":"Austen"})",
                   "--query", "young", "--sort", "-year"});
  EXPECT_EQ(lines.out.find("_internal"), std::string::npos) << lines.out;
  EXPECT_EQ(*parse_json(program.seen.at(1).body),
            (json::value{{"filters", {{"author", "Austen"}}},
                         {"search", "young"},
                         {"sort", "-year"},
                         {"select", {"document_id", "title"}}}));
  program.answer(200, kPage);
  EXPECT_EQ(program
                .run({"documents", "list", "books", "--limit", "2", "-o", "csv",
                      "--columns", "title"})
                .out,
            "title\r\nMoby Dick\r\nEmma\r\n");
}

TEST(Cli, ColumnsThatNoDocumentHasAreNamed) {
  Program program;
  program.answer(200, R"({"results":[{"title":"Emma"}],"pagination":{"total":1}})");
  const auto result = program.run(
      {"documents", "list", "books", "--columns", "titel,title", "-o", "ndjson"});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.err.find("'titel', which none of these documents has"),
            std::string::npos)
      << result.err;
}

TEST(Cli, TheIdOfADocumentIsNamed) {
  Program program;
  program.answer(200, R"({"results":[{}],"pagination":{"total":1}})");
  EXPECT_NE(program.run({"documents", "list", "books", "--columns", "id"})
                .err.find("did you mean 'document_id'?"),
            std::string::npos);
}

TEST(Cli, ListsOfDocumentsRefuseWhatTheyCannotDo) {
  Program program;
  const auto csv = program.run({"documents", "list", "books", "-o", "csv"});
  EXPECT_EQ(csv.status, 2);
  EXPECT_NE(csv.err.find("--columns"), std::string::npos) << csv.err;
  EXPECT_EQ(program.run({"documents", "list", "books", "--where", "x"}).status, 2);
  EXPECT_EQ(program.run({"documents", "list"}).status, 2);
  EXPECT_TRUE(program.seen.empty());
}

TEST(Cli, CollectionsAreListedUpToALimit) {
  Program program;
  program.answer(200, R"({"results":[{"collection_name":"a"}],"pagination":{"total":2,)"
                      R"("next_cursor":"c"}})");
  const auto result = program.run({"collections", "list", "--limit", "1", "-o", "table"});
  EXPECT_EQ(program.seen.at(0).target, "/v1/collections/list?limit=1&include_total=true");
  EXPECT_NE(result.out.find("showing 1 of 2"), std::string::npos) << result.out;
  EXPECT_EQ(program.run({"collections", "list", "--limit", "1", "--all"}).status, 2);
  EXPECT_EQ(program.seen.size(), 1u);
}

}  // namespace
}  // namespace trawl::cli::documents_test
