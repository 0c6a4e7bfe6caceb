#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/manual_clock_test_support.h"
#include "corpus/memory/memory_corpus.h"
#include "insight/replay.h"
#include "ledger/memory/memory_ledger.h"
#include "model/execution_json.h"
#include "stages/register_stages.h"

// Random pipelines of all stages over a collection that changes.
namespace trawl::test {

class InsightTest : public testing::Test {
 protected:
  static constexpr const char* kWords[] = {"amber", "birch", "cedar",
                                           "delta", "ember", "frost"};

  InsightTest() {
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
    switch (pick(16)) {
      case 0:
        return R"({"stage_id": "attribute_filter", "parameters": {"field": "year",
                   "operator": "gte", "value": "{{INPUT.year}}"}})";
      case 1:
        return R"({"stage_id": "sort_attribute", "parameters": {"sort_field": "year"}})";
      case 2:
        return R"({"stage_id": "sort_relevance", "parameters": {}})";
      case 3:
        return R"({"stage_id": "group_by", "parameters": {"field": "year",
                   "max_per_group": 2, "output_mode": "flatten"}})";
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
      case 11:
        return R"({"stage_id": "deduplicate", "parameters": {"strategy": "content",
                   "content_field": "title", "similarity_threshold": 0.8}})";
      case 12:
        return R"({"stage_id": "group_by", "parameters": {"field": "tags",
                   "max_per_group": 3, "max_groups": 2, "output_mode": "flatten",
                   "exclude_null": true, "sort_groups_by": "count"}})";
      case 13:
        return R"({"stage_id": "attribute_filter", "parameters": {"conditions": {"AND": [
                   {"OR": [{"field": "year", "operator": "lt", "value": 2},
                           {"field": "tags", "operator": "in", "value": ["amber"]}]},
                   {"NOT": [{"field": "title", "operator": "contains",
                             "value": "frost"}]}]}}})";
      case 14:
        return R"({"stage_id": "feature_search", "parameters": {"query": "{{INPUT.q}}",
                   "top_k": 6, "min_score": 0.5}, "pre_filters": {"year": 1}})";
      default:
        return R"({"stage_id": "feature_search", "parameters": {"searches": [
                   {"feature_uri": "trawl://bm25@v1/text", "query": "{{INPUT.q}}",
                    "top_k": 8},
                   {"feature_uri": "trawl://bm25@v1/text", "query": "amber frost",
                    "top_k": 12}], "final_top_k": 6}})";
    }
  }

  json::value a_pipeline() {
    std::string text = R"({"collection_identifiers": ["books"], "budget_limits":
        {"max_credits": 1000}, "stages": [)";
    text += pick(2) == 0 ? R"({"stage_id": "feature_search", "parameters":
                              {"query": "{{INPUT.q}}", "final_top_k": 40},
                              "post_filters": {"field": "year", "operator": "ne",
                              "value": 3}})"
                         : R"({"stage_id": "attribute_filter", "parameters":
                              {"field": "year", "operator": "lt", "value": 4}})";
    for (std::size_t n = pick(4); n > 0; --n) text += "," + a_stage();
    return parse_json(text + "]}").value();
  }

  json::object some_inputs() { return {{"q", word() + " " + word()}, {"year", pick(5)}}; }

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
  ManualClock clock_;
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

}  // namespace trawl::test
