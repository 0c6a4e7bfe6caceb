// Goal: whatever ran can be run again as of then, and gives the same candidates at every
// boundary, whatever was written meanwhile.
// Method: random pipelines of all stages over a collection that changes between them, with
// the record going through JSON as a ledger would keep it.
#include "insight/replay.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/manual_clock_test_support.h"
#include "corpus/memory/memory_corpus.h"
#include "insight/comparison.h"
#include "ledger/memory/memory_ledger.h"
#include "model/execution_json.h"
#include "stages/register_stages.h"

namespace trawl::replay_test {
namespace {

constexpr const char* kWords[] = {"amber", "birch", "cedar", "delta", "ember", "frost"};

class ReplayTest : public testing::Test {
 protected:
  ReplayTest() {
    register_stages(registry_);
    Namespace ns;
    ns.name = "default";
    ns_ = corpus_.create_namespace(ns).value().id;
    collection_ = add_collection("books");
  }

  CollectionId add_collection(std::string name) {
    Collection wanted;
    wanted.namespace_id = ns_;
    wanted.name = std::move(name);
    Feature feature;
    feature.uri = "trawl://bm25@v1/text";
    feature.fields = {{"title"}};
    wanted.features.push_back(feature);
    return corpus_.create_collection(wanted).value().id;
  }

  std::size_t pick(std::size_t count) { return random_() % count; }
  std::string word() { return kWords[pick(std::size(kWords))]; }

  void write_some() {
    clock_.advance(1'000'000);
    std::vector<DocumentWrite> documents;
    for (std::size_t n = 1 + pick(20); n > 0; --n) {
      json::array tags;
      for (std::size_t t = pick(3); t > 0; --t) tags.emplace_back(word());
      documents.push_back({std::to_string(pick(60)),
                           {{"title", word() + " " + word() + " " + word()},
                            {"year", pick(5)},
                            {"tags", tags}}});
    }
    ASSERT_TRUE(corpus_.put(collection_, std::move(documents), Atomic::yes));
    if (pick(3) == 0) {
      const std::vector<std::string> gone{std::to_string(pick(60))};
      ASSERT_TRUE(corpus_.remove(collection_, gone));
    }
  }

  std::string a_stage() {
    switch (pick(12)) {
      case 0:
        return R"({"stage_id": "attribute_filter", "parameters": {"field": "year",
                   "operator": "gte", "value": "{{INPUT.year}}"}})";
      case 1:
        return R"({"stage_id": "sort_attribute", "parameters": {"sort_field": "year"}})";
      case 2:
        return R"({"stage_id": "sort_relevance", "parameters": {}})";
      case 3:
        return R"({"stage_id": "group_by", "parameters": {"field": "year",
                   "max_per_group": 2}})";
      case 4:
        return R"({"stage_id": "sample", "parameters": {"count": 7}})";
      case 5:
        return R"({"stage_id": "deduplicate", "parameters": {"strategy": "field",
                   "fields": ["title"]}})";
      case 6:
        return R"({"stage_id": "limit", "parameters": {"limit": 9, "offset": 1}})";
      case 7:
        return R"({"stage_id": "aggregate", "parameters": {"group_by": "year",
                   "aggregations": [{"function": "count", "name": "n"}]}})";
      case 8:
        return R"({"stage_id": "feature_search", "parameters": {"query": "{{INPUT.q}}",
                   "final_top_k": 15}})";
      case 9:
        return R"({"stage_id": "sample", "parameters": {"count": 3,
                   "seed": "{{CONTEXT.time_elapsed_ms}}"}})";
      case 10:
        return R"({"stage_id": "limit", "parameters":
                   {"limit": "{{CONTEXT.budget_remaining}}"}})";
      default:
        return R"({"stage_id": "feature_search", "parameters": {"searches": [
                   {"feature_uri": "trawl://bm25@v1/text", "query": "{{INPUT.q}}"},
                   {"feature_uri": "trawl://bm25@v1/text", "query": "amber frost"}]}})";
    }
  }

  json::value a_pipeline() {
    std::string text = R"({"collection_identifiers": ["books"], "budget_limits":
        {"max_credits": 1000}, "stages": [)";
    text += pick(2) == 0 ? R"({"stage_id": "feature_search", "parameters":
                              {"query": "{{INPUT.q}}", "final_top_k": 40}})"
                         : R"({"stage_id": "attribute_filter", "parameters":
                              {"field": "year", "operator": "lt", "value": 4}})";
    for (std::size_t n = pick(4); n > 0; --n) text += "," + a_stage();
    return parse_json(text + "]}").value();
  }

  // Runs it, and gives back what its record says when it is read again.
  Execution run(const BoundPipeline& bound, const RunReplay* replay = nullptr,
                std::string parent = {}) {
    Execution execution;
    execution.summary.execution_id = ExecutionId("exec_" + std::to_string(++runs_));
    execution.summary.timestamp = clock_.now();
    if (!parent.empty()) {
      execution.parent_execution_id = std::move(parent);
      execution.relation = kReplayRelation;
    }
    runner_.describe(bound, execution);
    RunRequest request;
    request.replay = replay;
    runner_.run(bound, execution, request);
    execution = parse_stored_execution(execution_detail_json(execution)).value();
    std::vector<LedgerWrite> writes(1);
    writes[0].execution = execution;
    EXPECT_TRUE(ledger_.append(writes));
    return execution;
  }
  Execution run(const json::value& body, json::object inputs) {
    ObjectReader in(body.get_object(), {});
    auto pipeline = parse_pipeline(in, registry_);
    EXPECT_TRUE(pipeline) << pipeline.error().message << to_json_text(body);
    return run(runner_.bind(std::move(*pipeline), std::move(inputs), ns_).value());
  }

  Execution replay(const Execution& original, const ReplayRequest& request = {}) {
    auto prepared = replayer_.prepare(original, request);
    EXPECT_TRUE(prepared) << prepared.error().message;
    return run(prepared->bound, prepared->replay ? &*prepared->replay : nullptr,
               original.summary.execution_id.str());
  }

  const unsigned seed_ = std::random_device{}();
  std::mt19937 random_{seed_};
  test::ManualClock clock_;
  MemoryCorpus corpus_{clock_};
  MemoryLedger ledger_;
  StageRegistry registry_;
  StageCache cache_{16 << 20};
  const PipelineRunner runner_{corpus_, corpus_, cache_, RunOptions()};
  const Replayer replayer_{corpus_, corpus_, ledger_, runner_, registry_};
  NamespaceId ns_;
  CollectionId collection_;
  int runs_ = 0;
};

TEST_F(ReplayTest, EveryRunIsTheSameAsOfThen) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  std::vector<Execution> originals;
  std::set<std::string> shapes;
  std::set<std::string> stages;
  int failed = 0;
  for (int i = 0; i < 300; ++i) {
    write_some();
    const json::value body = a_pipeline();
    const json::object inputs{{"q", word() + " " + word()}, {"year", pick(5)}};
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
  write_some();
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
  redacted.inputs = R"({"q":"amber","user":{"name":["***"]}})";
  EXPECT_NE(why_not(redacted).find("at /user/name/0"), std::string::npos)
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
  Execution older = original;
  older.collection_versions.at(0).version = 999;
  EXPECT_NE(why_not(older).find("no longer kept"), std::string::npos);
}

}  // namespace
}  // namespace trawl::replay_test
