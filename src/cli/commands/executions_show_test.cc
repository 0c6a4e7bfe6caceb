#include <gtest/gtest.h>

#include <map>
#include <string>

#include "cli/cli_test_support.h"

namespace trawl::cli::executions_show_test {
namespace {

using test::Program;

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

TEST(Cli, ShowTellsAllThatWasRecorded) {
  Program program;
  program.answer(200, R"({"execution_id":"exec_1","status":"completed","inputs":"{\"q\":1}",
      "labels":{"team":"search","run":"7"},"caller_key_id":"key_1","replayable":false,
      "not_replayable":{"reason":"the collection is gone"},
      "pipeline":{"stages":[{"config":{"parameters":{"q":"{{INPUT.q}}"}}},
                            {"config":{"parameters":{"size":2}}}]},
      "stages":[{"stage_name":"find","parameters":{"q":1},
                 "metadata":{"facets":{"author":[{"value":"Austen","count":3}]}}},
                {"stage_name":"some","seed":42}]})");
  const auto result = program.run({"executions", "show", "exec_1", "-o", "table"});
  for (const auto* part : {"team=search, run=7", "key_1", "no: the collection is gone",
                           "{\"q\":1}", "{\"size\":2}, seed 42", "Austen (3)"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
  }
  EXPECT_EQ(result.out.find("{{"), std::string::npos) << result.out;
  program.answer(200, R"({"execution_id":"exec_1","inputs":"{\"q\":1}"})");
  EXPECT_EQ(program.run({"executions", "show", "exec_1", "-o", "json"}).out,
            "{\"execution_id\":\"exec_1\",\"inputs\":{\"q\":1}}\n");
}

TEST(Cli, ShowAsksForNoMoreCandidatesThanItShows) {
  const std::string record =
      R"({"execution_id":"exec_1","results":[{"document_id":"a"}],"results_total":1200})";
  const std::string path = "/v1/retrievers/executions/exec_1";
  Program program;
  program.answer(200, record);
  const auto table = program.run({"executions", "show", "exec_1", "-o", "table"});
  EXPECT_EQ(program.seen.back().target, path + "?autopsy=true&candidates=0..10");
  EXPECT_NE(table.out.find("first 1 of 1,200"), std::string::npos) << table.out;
  program.answer(200, record);
  program.run({"executions", "show", "exec_1", "-o", "csv"});
  EXPECT_EQ(program.seen.back().target, path + "?candidates=0..0");
  program.answer(200, record);
  program.run({"executions", "show", "exec_1", "-o", "json"});
  EXPECT_EQ(program.seen.back().target, path);
  program.answer(200, record);
  program.run({"executions", "show", "exec_1", "-o", "json", "--candidates", "5..9"});
  EXPECT_EQ(program.seen.back().target, path + "?candidates=5..9");
  const auto ignored =
      program.run({"executions", "show", "exec_1", "-o", "csv", "--candidates", "5..9"});
  EXPECT_EQ(ignored.status, 2);
  EXPECT_NE(ignored.err.find("-o json"), std::string::npos) << ignored.err;
}

TEST(Cli, ShowNamesCollections) {
  Program program;
  program.width = 120;
  program.answer(200, R"({"execution_id":"exec_1","status":"completed",
      "collection_ids":["col_1","col_2"],"collection_versions":[
        {"collection_id":"col_1","version":3},{"collection_id":"col_2","version":4}],
      "results":[{"document_id":"a","collection_id":"col_1"}]})");
  program.answer(200,
                 R"({"results":[{"collection_id":"col_1","collection_name":"books"}]})");
  const auto shown = program.run({"executions", "show", "exec_1", "-o", "table"});
  // col_2 is deleted.
  for (const auto* part :
       {"books (col_1, version 3), col_2 (version 4)", "a         books"})
    EXPECT_NE(shown.out.find(part), std::string::npos) << part << "\n" << shown.out;
  program.answer(200, R"({"execution_id":"exec_1","collection_ids":["col_1"]})");
  program.answer(403, "{}");
  const auto alone = program.run({"executions", "show", "exec_1", "-o", "table"});
  EXPECT_EQ(alone.status, 0) << alone.err;
  EXPECT_NE(alone.out.find("col_1\n"), std::string::npos) << alone.out;
}

TEST(Cli, ShowFindsWhatIsNamed) {
  const std::string detail = R"({"execution_id":"exec_01A","status":"completed"})";
  const std::string list = R"({"results":[{"execution_id":"exec_01A"}]})";
  for (const auto& [word, offset] : std::map<std::string, std::string>{
           {"latest", "0"}, {"last", "0"}, {"latest~2", "2"}, {"-1", "0"}, {"-3", "2"}}) {
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

}  // namespace
}  // namespace trawl::cli::executions_show_test
