// Goal: a fork gives what the whole pipeline would, whether the stages that stay are taken
// from the record or run again.
// Method: random runs are forked behind a random stage into random others that draw
// nothing; beside them the same pipeline as a replay with the stages exchanged, and the
// same fork of the record with its boundary cut short.
#include "insight/fork.h"

#include <gtest/gtest.h>

#include <map>

#include "insight/comparison.h"
#include "insight/insight_test_support.h"

namespace trawl::fork_test {
namespace {

class ForkTest : public test::InsightTest {
 protected:
  // What neither draws nor looks at the clock or the budget.
  json::array steady_stages() {
    json::array out;
    for (std::size_t n = 1 + pick(3); n > 0;) {
      const std::string text = a_stage();
      if (text.find("CONTEXT") != std::string::npos ||
          text.find("sample") != std::string::npos) {
        continue;
      }
      out.push_back(parse_json(text).value());
      --n;
    }
    return out;
  }
  static json::array list_of(std::string_view text) {
    return parse_json(text).value().get_array();
  }

  Execution fork(const Execution& original, std::size_t last, const json::array& stages,
                 std::string& why_replayed) {
    ForkRequest request;
    request.stage_index = last;
    request.stages = stages;
    auto prepared = forker_.prepare(original, request);
    EXPECT_TRUE(prepared) << prepared.error().message;
    if (!prepared) return {};
    EXPECT_NE(prepared->start.has_value(), !prepared->why_replayed.empty());
    EXPECT_EQ(prepared->kept, last + 1);
    why_replayed = prepared->why_replayed;
    Execution made;
    made.summary.execution_id = ExecutionId("exec_fork_" + std::to_string(++forks_));
    made.summary.timestamp = clock_.now();
    made.parent_execution_id = original.summary.execution_id.str();
    made.relation = kForkRelation;
    runner_.describe(prepared->bound, made);
    RunRequest request_of_run;
    request_of_run.replay = prepared->replay ? &*prepared->replay : nullptr;
    request_of_run.start = prepared->start ? &*prepared->start : nullptr;
    runner_.run(prepared->bound, made, request_of_run);
    made = parse_stored_execution(execution_detail_json(made)).value();
    std::vector<LedgerWrite> writes(1);
    writes[0].execution = made;
    EXPECT_TRUE(ledger_.append(writes));
    return made;
  }

  // The original with other stages behind that one, run as a whole.
  Execution whole(const Execution& original, std::size_t last, const json::array& stages) {
    ReplayRequest request;
    json::array set;
    for (auto i = static_cast<std::size_t>(original.summary.total_stages);
         i-- > last + 1;) {
      set.push_back({{"op", "remove"}, {"path", "/stages/" + std::to_string(i)}});
    }
    for (const json::value& stage : stages) {
      set.push_back({{"op", "add"}, {"path", "/stages/-"}, {"value", stage}});
    }
    request.set = set;
    return replay(original, request);
  }

  void expect_same(const Execution& wanted, const Execution& made,
                   const std::string& what) {
    const auto difference = first_difference(wanted, made);
    EXPECT_FALSE(difference) << what << ": " << difference->sentence << " at "
                             << difference->stage_name;
    EXPECT_EQ(wanted.fingerprint, made.fingerprint);
  }

  const Forker forker_{corpus_, corpus_, registry_, replayer_};
  int forks_ = 0;
};

TEST_F(ForkTest, RecordedAndReplayedForksGiveTheSameCandidates) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int i = 0; i < 15; ++i) write_some();
  int recorded = 0;
  std::map<std::string, int> kinds;
  for (int i = 0; i < 250; ++i) {
    write_some();
    const Execution original = run(a_pipeline(), some_inputs());
    if (original.summary.status != status::kCompleted) continue;
    write_some();
    const std::size_t last = pick(original.stages.size());
    const json::array stages = steady_stages();
    SCOPED_TRACE(original.pipeline + "\n" + to_json_text(stages) + " behind " +
                 std::to_string(last));
    std::string why;
    const Execution made = fork(original, last, stages, why);
    const Execution wanted = whole(original, last, stages);
    expect_same(wanted, made, "forked, " + why);
    if (why.empty()) {
      ++recorded;
      ++kinds[original.stages[last].stage_id];
      for (std::size_t s = 0; s <= last; ++s) {
        EXPECT_TRUE(made.stages[s].cache_hit);
        EXPECT_EQ(made.stages[s].credits_micro, 0);
      }
    }
    // The same where the record is not whole.
    Execution cut = original;
    cut.stages[last].candidates_truncated = true;
    std::string why_cut;
    expect_same(wanted, fork(cut, last, stages, why_cut), "cut short");
    EXPECT_FALSE(why_cut.empty());
    // And a fork can be replayed like any other execution.
    expect_same(made, replay(made), "replayed");
    if (HasFailure()) return;
  }
  EXPECT_GT(recorded, 100);
  for (const char* kind : {"feature_search", "attribute_filter", "aggregate", "group_by",
                           "deduplicate", "sort_relevance", "limit"}) {
    EXPECT_GT(kinds[kind], 0) << kind;
  }
}

TEST_F(ForkTest, WhatTheRecordDoesNotHaveIsRunAgain) {
  clock_.advance(1'000'000);
  std::vector<DocumentWrite> documents;
  for (int i = 0; i < 9; ++i) {
    documents.push_back({"d" + std::to_string(i), {{"title", "amber"}, {"year", i % 3}}});
  }
  ASSERT_TRUE(corpus_.put(collection_, std::move(documents), Atomic::yes));
  const Execution original =
      run(parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_name": "find", "stage_id": "feature_search", "parameters": {"query": "amber"}},
      {"stage_name": "years", "stage_id": "aggregate", "parameters": {"group_by": "year",
       "aggregations": [{"function": "count", "name": "n"}]}},
      {"stage_name": "few", "stage_id": "limit", "parameters": {"limit": 2}}]})")
              .value(),
          {});
  const json::array stages =
      list_of(R"([{"stage_id": "limit", "parameters": {"limit": 1}}])");
  std::string why;
  fork(original, 1, stages, why);
  EXPECT_EQ(why, "");  // Rows that the stage itself made are in its record.
  const Execution of_rows = fork(original, 2, stages, why);
  EXPECT_EQ(why, "a row that an earlier stage made is not in it");
  EXPECT_EQ(of_rows.results.size(), 1u);
  Execution other = original;
  other.stages[0].written_truncated = true;
  fork(other, 0, stages, why);
  EXPECT_EQ(why, "not all that the stage 'find' wrote was recorded");
  other = original;
  other.stages[0].candidates.resize(4);
  fork(other, 0, stages, why);
  EXPECT_EQ(why, "4 of 9 documents were recorded");
  other = original;
  other.stages[0].candidates[0].content_hash = 1;
  fork(other, 0, stages, why);
  EXPECT_EQ(why, "'d0' was another document then");
}

// The record has it where it was written, and the new stages read it all the same.
TEST_F(ForkTest, WhatEarlierStagesWroteIsThere) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int i = 0; i < 12; ++i) write_some();
  const Execution original =
      run(parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_id": "feature_search", "parameters": {"final_top_k": 40, "searches": [
        {"feature_uri": "trawl://bm25@v1/text", "query": "amber birch"},
        {"feature_uri": "trawl://bm25@v1/text", "query": "cedar delta ember"}]}},
      {"stage_id": "sort_relevance", "parameters": {"normalize": true}},
      {"stage_id": "limit", "parameters": {"limit": 12}}]})")
              .value(),
          {});
  ASSERT_EQ(original.results.size(), 12u);
  ASSERT_FALSE(original.stages[2].candidates[0].written);
  const json::array stages = list_of(R"([
      {"stage_id": "attribute_filter", "parameters": {"field": "sort_relevance.new_position",
       "operator": "lt", "value": 7}},
      {"stage_id": "sort_attribute", "parameters":
       {"sort_field": "sort_relevance.new_position"}}])");
  std::string why;
  const Execution made = fork(original, 2, stages, why);
  EXPECT_EQ(why, "");
  ASSERT_EQ(made.results.size(), 7u);
  EXPECT_EQ(made.results.front().document_id, original.results[6].document_id);
  expect_same(whole(original, 2, stages), made, "forked");
}

// A fork is compared with its original, and replayed: what its templates see of their
// execution is the original, in each of its stages.
TEST_F(ForkTest, TemplatesSeeTheIdOfTheOriginal) {
  write_some();
  constexpr const char* kFilter = R"({"stage_id": "attribute_filter", "parameters":
      {"field": "title", "operator": "ne", "value": "{{CONTEXT.execution_id}}"}})";
  const Execution original =
      run(parse_json(std::string(R"({"collection_identifiers": ["books"], "stages": [)") +
                     kFilter + "]}")
              .value(),
          {});
  const std::string id(original.summary.execution_id.str());
  const json::array stages = list_of(std::string("[") + kFilter + "]");
  Execution cut = original;
  cut.stages[0].candidates_truncated = true;
  for (const Execution& forked : {original, cut}) {
    std::string why;
    const Execution made = fork(forked, 0, stages, why);
    const Execution again = replay(made);
    for (const Execution* each : {&made, &again}) {
      ASSERT_EQ(each->stages.size(), 2u);
      for (const StageRecord& record : each->stages) {
        EXPECT_EQ(record.parameters.value().at("value"), json::value(id)) << why;
      }
    }
  }
}

TEST_F(ForkTest, RefusesWhatCannotBeForkedWithThePlace) {
  write_some();
  const Execution original = run(a_pipeline(), some_inputs());
  ForkRequest request;
  const auto error = [&] { return forker_.prepare(original, request).error(); };
  request.stage_name = "nowhere";
  request.stages = list_of(R"([{"stage_id": "limit", "parameters": {"limit": 1}}])");
  EXPECT_EQ(error().location, "from_stage");
  request.stage_index = 49;
  EXPECT_EQ(error().location, "from_stage");
  request.stage_index = 0;
  request.stages.push_back(
      parse_json(R"({"stage_id": "limit", "parameters": {"limit": "many"}})").value());
  EXPECT_EQ(error().code, ErrorCode::invalid);
  EXPECT_EQ(error().location, "stages[1].parameters.limit");
  request.stages.clear();
  EXPECT_EQ(error().location, "stages");
}

}  // namespace
}  // namespace trawl::fork_test
