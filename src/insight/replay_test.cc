// Goal: whatever ran can be run again as of then, and gives the same candidates at every
// boundary, whatever was written meanwhile.
// Method: random pipelines of all stages over a collection that changes between them, with
// the record going through JSON as a ledger would keep it.
#include "insight/replay.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "insight/comparison.h"
#include "insight/insight_test_support.h"
#include "pipeline/per_item_stage.h"

namespace trawl::replay_test {
namespace {

class ReplayTest : public test::InsightTest {};

TEST_F(ReplayTest, EveryRunIsTheSameAsOfThen) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  std::vector<Execution> originals;
  std::set<std::string> shapes;
  std::set<std::string> stages;
  int failed = 0;
  for (int i = 0; i < 300; ++i) {
    write_some();
    const json::value body = a_pipeline();
    const json::object inputs = some_inputs();
    for (int twice = 0; twice < 2; ++twice) {  // The second is given what was remembered.
      originals.push_back(run(body, inputs));
      shapes.insert(originals.back().shape);
      failed += originals.back().summary.status == status::kFailed ? 1 : 0;
      for (const StageRecord& stage : originals.back().stages) {
        stages.insert(stage.stage_id);
      }
    }
  }
  EXPECT_GE(shapes.size(), 50u);
  EXPECT_EQ(stages.size(), 9u);
  EXPECT_GT(failed, 0);  // A limit that is no whole number.
  for (const Execution& original : originals) {
    const Execution again = replay(original);
    const auto difference = first_difference(original, again);
    ASSERT_FALSE(difference) << difference->stage_name << ": " << difference->sentence
                             << "\n"
                             << original.pipeline << "\n"
                             << *original.inputs;
    EXPECT_EQ(again.fingerprint, original.fingerprint);
    EXPECT_EQ(again.inputs_hash, original.inputs_hash);
    EXPECT_EQ(again.collection_versions, original.collection_versions);
    EXPECT_EQ(again.parent_execution_id, original.summary.execution_id.str());
    // So is a replay of a replay.
    if (pick(5) == 0) {
      const auto second = first_difference(original, replay(again));
      ASSERT_FALSE(second) << second->stage_name << ": " << second->sentence;
    }
  }
}

// Answers differently each time.
class Oracle final : public Provider {
 public:
  std::string_view name() const override { return "oracle-1"; }
  Result<std::string> ask(const std::string& question, const AskContext&) const override {
    return question + "! " + std::to_string(++asked);
  }
  mutable std::atomic<int> asked{0};
};

class AskOracle final : public PerItemStage {
 public:
  ItemTraits item_traits() const override { return {.deterministic = false}; }
  FieldSet fields_read() const override { return FieldSet({"title"}); }
  Result<void> bind(BindContext& context) override {
    TRAWL_ASSIGN(provider_, context.provider("oracle"));
    return {};
  }
  Result<ItemOutput> item(const CandidateList& input, std::size_t i,
                          StageRun& run) const override {
    json::value scratch;
    const json::value* title = input.find(i, "title", scratch);
    ItemOutput out;
    TRAWL_ASSIGN(const std::string answer,
                 run.calls.ask(*provider_, title == nullptr ? "" : to_json_text(*title)));
    out.fields["answer"] = answer;
    return out;
  }
  Result<Loss> explain_loss(const LostDocument&, StageRun&) const override {
    return Loss();
  }

 private:
  std::shared_ptr<const Provider> provider_;
};

Result<std::unique_ptr<Stage>> make_ask_oracle(ObjectReader&) {
  return std::unique_ptr<Stage>(std::make_unique<AskOracle>());
}

// What others answered comes out of the ledger, in the order of nobody's threads.
TEST_F(ReplayTest, WhatOthersAnsweredIsGivenAgain) {
  StageDefinition ask;
  ask.stage_id = "ask_oracle";
  ask.category = "enrich";
  ask.parameter_schema = "{}";
  ask.make = make_ask_oracle;
  registry_.add(ask);
  Providers providers;
  const auto oracle = std::make_shared<Oracle>();
  providers.add("oracle", oracle);
  const PipelineRunner runner(corpus_, corpus_, cache_, RunOptions(), {}, &providers);
  const Replayer replayer(corpus_, corpus_, ledger_, runner, registry_);
  for (int i = 0; i < 10; ++i) write_some();

  const json::value body = parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_id": "attribute_filter", "parameters": {"field": "year", "operator": "lt",
       "value": 99}}, {"stage_id": "ask_oracle", "parameters": {}}]})")
                               .value();
  ObjectReader in(body.get_object(), {});
  const BoundPipeline bound =
      runner.bind(parse_pipeline(in, registry_).value(), {}, ns_).value();
  Execution original;
  original.summary.execution_id = ExecutionId("exec_asked");
  original.summary.timestamp = clock_.now();
  runner.describe(bound, original);
  runner.run(bound, original, {});
  ASSERT_EQ(original.summary.status, status::kCompleted) << *original.error;
  std::vector<LedgerWrite> writes(1);
  writes[0].execution = original;
  ASSERT_TRUE(ledger_.append(writes));
  const Execution recorded =
      ledger_.find(ns_, original.summary.execution_id).value().value();
  EXPECT_FALSE(recorded.stages[1].external_calls.at(0).answer);

  const int asked = oracle->asked;
  const auto run_again = [&](const ReplayRequest& request) {
    const PreparedReplay prepared = replayer.prepare(recorded, request).value();
    Execution again;
    runner.describe(prepared.bound, again);
    RunRequest run;
    run.replay = prepared.replay ? &*prepared.replay : nullptr;
    runner.run(prepared.bound, again, run);
    return again;
  };
  const auto difference = first_difference(recorded, run_again({}));
  EXPECT_FALSE(difference) << difference->sentence;
  EXPECT_EQ(oracle->asked, asked);
  ReplayRequest live;
  live.externals = Externals::live;
  const Execution anew = run_again(live);
  ASSERT_TRUE(first_difference(recorded, anew));
  EXPECT_EQ(cause_of_difference(recorded, anew).cause, "answers");
  ReplayRequest fail;
  fail.externals = Externals::fail;
  EXPECT_EQ(run_again(fail).summary.status, status::kFailed);
}

TEST_F(ReplayTest, TemplatesSeeTheIdOfTheFirst) {
  write_some();
  const json::value body = parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_id": "feature_search", "parameters": {"query": "{{CONTEXT.execution_id}}"}}]})")
                               .value();
  const Execution original = run(body, {});
  const Execution again = replay(replay(original));
  EXPECT_EQ(again.stages.at(0).parameters, original.stages.at(0).parameters);
}

TEST_F(ReplayTest, NowAndChangedOnesDiffer) {
  for (int i = 0; i < 10; ++i) write_some();
  const json::value body = parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_id": "attribute_filter", "parameters": {"field": "year", "operator": "lt",
       "value": 99}}, {"stage_id": "sample", "parameters": {"count": 5}}]})")
                               .value();
  const Execution original = run(body, {});
  for (int i = 0; i < 10; ++i) write_some();

  ReplayRequest now;
  now.as_of = ReplayRequest::AsOf::now;
  const Execution today = replay(original, now);
  ASSERT_TRUE(first_difference(original, today));
  EXPECT_EQ(cause_of_difference(original, today).cause, "documents");

  ReplayRequest changed;
  changed.set =
      parse_json(R"([{"op": "replace", "path": "/stages/1/config/parameters/count",
                                "value": 2}])")
          .value();
  const auto prepared = replayer_.prepare(original, changed).value();
  EXPECT_TRUE(prepared.pipeline_changed);
  EXPECT_FALSE(prepared.inputs_changed);
  const Execution fewer = replay(original, changed);
  EXPECT_EQ(fewer.results.size(), 2u);
  EXPECT_EQ(fewer.collection_versions, original.collection_versions);
  EXPECT_EQ(first_difference(original, fewer)->stage_index, 1u);

  changed.set = parse_json(R"([{"op": "remove", "path": "/stages/7"}])").value();
  EXPECT_EQ(replayer_.prepare(original, changed).error().location, "set[0].path");
  changed.set =
      parse_json(R"([{"op": "replace", "path": "/stages/1/config/parameters/count",
                                "value": -1}])")
          .value();
  EXPECT_EQ(replayer_.prepare(original, changed).error().code, ErrorCode::invalid);

  ReplayRequest others;
  others.inputs = json::object{{"q", "birch"}};
  EXPECT_TRUE(replayer_.prepare(original, others).value().inputs_changed);
}

TEST_F(ReplayTest, ACollectionIsFoundWhateverItIsCalledNow) {
  write_some();
  const Execution original =
      run(parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_id": "attribute_filter", "parameters": {"field": "year", "operator": "lt",
       "value": 99}}]})")
              .value(),
          {});
  const auto renamed = corpus_.update_collection(ns_, "books", [](Collection& collection) {
    collection.name = "library";
    return Result<void>();
  });
  ASSERT_TRUE(renamed);
  EXPECT_FALSE(first_difference(original, replay(original)));
  // Another one of that name is not the one of then.
  add_collection("books");
  EXPECT_FALSE(first_difference(original, replay(original)));

  ASSERT_TRUE(corpus_.delete_collection(ns_, "library"));
  const auto gone = replayer_.prepare(original, {});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::gone);
  EXPECT_EQ(gone.error().message.find("as_of"), std::string::npos);  // It would not help.
}

TEST_F(ReplayTest, WhatDoesNotSayEnoughCannotBeReplayed) {
  write_some();
  const Execution original =
      run(parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_id": "feature_search", "parameters": {"query": "{{INPUT.q}}"}}]})")
              .value(),
          {{"q", "amber"}, {"user", "alice"}});
  const auto why_not = [&](const Execution& execution,
                           const ReplayRequest& request = {}) -> std::string {
    const auto prepared = replayer_.prepare(execution, request);
    return prepared ? std::string("it can") : prepared.error().message;
  };
  Execution redacted = original;
  redacted.inputs = R"({"q":"amber","user":{"na/me":["***"]}})";
  EXPECT_NE(why_not(redacted).find("at /user/na~1me/0"), std::string::npos)
      << why_not(redacted);
  ReplayRequest others;
  others.inputs = json::object{{"q", "birch"}};
  EXPECT_EQ(why_not(redacted, others), "it can");
  Execution bare = original;
  bare.pipeline.clear();
  EXPECT_NE(why_not(bare).find("were not recorded"), std::string::npos);
  EXPECT_NE(why_not(bare, others).find("were not recorded"), std::string::npos);
  Execution running = original;
  running.summary.status = status::kProcessing;
  EXPECT_NE(why_not(running).find("has not ended"), std::string::npos);
  Execution imported = original;
  imported.collection_versions.clear();
  EXPECT_NE(why_not(imported).find("which version of the collection 'books'"),
            std::string::npos);
  Execution older = original;
  older.collection_versions.at(0).version = 999;
  EXPECT_NE(why_not(older).find("no longer kept"), std::string::npos);
}

}  // namespace
}  // namespace trawl::replay_test
