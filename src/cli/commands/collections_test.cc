#include <gtest/gtest.h>

#include <string>

#include "cli/cli_test_support.h"

namespace trawl::cli::collections_test {
namespace {

using test::Program;

std::string collection(const std::string& progress) {
  return R"({"collection_id":"col_1","collection_name":"notes","document_count":2000,)"
         R"("created_at":"2026-01-02T03:04:05.000000Z","features":[)"
         R"({"type":"bm25","feature_uri":"trawl://bm25@v1/text"},)"
         R"({"type":"dense","feature_uri":"trawl://dense@v1/text","progress":)" +
         progress + "}]}";
}

std::string progress(int awaited, const std::string& paused = "false",
                     const std::string& error = "null") {
  return R"({"documents":2000,"with_vectors":)" + std::to_string(2000 - awaited) +
         R"(,"awaited":)" + std::to_string(awaited) + R"(,"serving":true,"paused":)" +
         paused + R"(,"error":)" + error + "}";
}

TEST(Cli, CollectionsListShowsHowFarVectorsAre) {
  Program program;
  program.answer(200, R"({"results":[)" + collection(progress(1)) + "," +
                          collection(progress(0)) + "," + collection("null") +
                          R"(],"total":3,"pagination":{"next_cursor":null}})");
  const auto result = program.run({"collections", "list", "-o", "table"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("VECTORS"), std::string::npos) << result.out;
  // One is missing: it is not said that all are there.
  EXPECT_NE(result.out.find(" 99 %"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("100 %"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("—"), std::string::npos) << result.out;
}

TEST(Cli, CollectionsShowSaysWhyVectorsDoNotCome) {
  Program program;
  program.answer(200, collection(progress(40, "false", R"("the model\u001b[2J sleeps")")));
  const auto result = program.run({"collections", "show", "notes", "-o", "table"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("features.trawl://dense@v1/text"), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("98 %, 40 of 2,000 documents are awaited; the model"),
            std::string::npos)
      << result.out;
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
  // A program gets what the server sent.
  program.answer(200, collection(progress(40)));
  EXPECT_EQ(program.run({"collections", "show", "notes", "-o", "json"}).out,
            collection(progress(40)) + "\n");
}

TEST(Cli, CollectionsShowSaysWhatIsSearched) {
  Program program;
  program.answer(
      200, R"({"collection_name":"notes","features":[)"
           R"({"type":"bm25","feature_uri":"trawl://bm25@v1/a","fields":[],)"
           R"("language":"auto"},)"
           R"({"type":"bm25","feature_uri":"trawl://bm25@v1/b","fields":)"
           R"([{"path":"title","weight":3},{"path":"text","weight":1}],"language":null},)"
           R"({"type":"bm25","feature_uri":"trawl://bm25@v1/c","fields":[],)"
           R"("language":"german"},)"
           R"({"type":"dense","feature_uri":"clip","dimension":512,"metric":"dot",)"
           R"("model":null},)"
           R"({"type":"dense","feature_uri":"mini","dimension":384,"metric":"cosine",)"
           R"("model":{"name":"MiniLM"},"fields":[{"path":"text","weight":1}]},)"
           R"(7],"vector_indexes":[]})");
  const auto out = program.run({"collections", "show", "notes", "-o", "table"}).out;
  for (const std::string line :
       {"/a  words of every text, stemmed in the language of each text\n",
        "/b  words of title ×3, text, as they are written\n",
        "/c  words of every text, stemmed in german\n", "clip  ",
        "  vectors, 512 numbers, dot\n",
        "  vectors by MiniLM of text, 384 numbers, cosine\n"}) {
    EXPECT_NE(out.find(line), std::string::npos) << line << "in\n" << out;
  }
  EXPECT_EQ(out.find("vector_indexes"), std::string::npos) << out;
}

TEST(Cli, CollectionsWaitEndsWithTheLastVector) {
  Program program;
  program.answer(200, collection(progress(40)));
  program.answer(200, collection(progress(1)));
  program.answer(200, collection(progress(0)));
  const auto result = program.run({"collections", "wait", "notes", "-o", "table"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "2,000 documents have their vectors\n");
  EXPECT_EQ(result.err, "");  // No bar where nobody watches.
  EXPECT_EQ(program.seen.size(), 3u);
}

TEST(Cli, CollectionsWaitShowsABarOnATerminal) {
  Program program;
  program.interactive = true;
  program.answer(200, collection(progress(500)));
  program.answer(200, collection(progress(0)));
  const auto result = program.run({"collections", "wait", "notes", "-o", "table"});
  EXPECT_NE(result.err.find("75 %  1,500 of 2,000 documents"), std::string::npos)
      << result.err;
  EXPECT_TRUE(result.err.ends_with("\r\033[K")) << result.err;
}

TEST(Cli, CollectionsWaitDoesNotWaitForWhatDoesNotCome) {
  Program program;
  program.answer(200, collection(progress(40)));
  program.answer(200, collection(progress(30, "true")));
  const auto paused = program.run({"collections", "wait", "notes"});
  EXPECT_EQ(paused.status, 1);
  EXPECT_NE(paused.err.find("the vectors of 30 documents in 'notes' do not come: it is "
                            "paused; the documents are stored"),
            std::string::npos)
      << paused.err;
  // All are there; that no more would be made holds nobody up.
  program.answer(200, collection(progress(0, "true")));
  EXPECT_EQ(program.run({"collections", "wait", "notes", "-o", "table"}).status, 0);
  program.answer(200, collection("null"));
  const auto words = program.run({"collections", "wait", "notes"});
  EXPECT_EQ(words.status, 1);
  EXPECT_NE(words.err.find("no feature whose vectors a model makes"), std::string::npos);
}

}  // namespace
}  // namespace trawl::cli::collections_test
