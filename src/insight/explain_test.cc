// Goal: a document stands where the answer says it does, and the parts of its score add up
// to that to the last bit.
// Method: random runs over versions that are no longer the newest, asked about random
// documents; scores and ranks are held against the record, sums are made here once more.
#include "insight/explain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "insight/insight_test_support.h"

namespace trawl::explain_test {
namespace {

double number_of(const json::value& value) {
  return as_double(value);
}

class ExplainTest : public test::InsightTest {
 protected:
  ExplainAnswer explain(const Execution& execution, const std::string& document,
                        const ReplayRequest& replay = {}) {
    auto answer = explainer_.answer(execution, {document, ""}, replay, {});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : ExplainAnswer();
  }

  // Of several searches, of a list that comes to no end before the document.
  json::value fused_pipeline() {
    static constexpr const char* kFusions[] = {"convex", "rrf", "dbsf", "weighted", "max"};
    std::string text = R"({"collection_identifiers": ["books"], "stages": [
        {"stage_id": "feature_search", "parameters": {"fusion": ")";
    text += kFusions[pick(5)];
    text += R"(", "final_top_k": 30, "searches": [)";
    for (std::size_t n = 2 + pick(2), i = 0; i < n; ++i) {
      text += std::string(i == 0 ? "" : ",") + R"({"feature_uri": "trawl://bm25@v1/text",
          "query": ")" +
              word() + " " + word() + R"(", "top_k": )" + std::to_string(5 + pick(30)) +
              R"(, "weight": 0.)" + std::to_string(1 + pick(9)) +
              (pick(3) == 0 ? R"(, "min_score": 0.6)" : "") +
              (pick(4) == 0 ? R"(, "filters": {"year": 1})" : "") + "}";
    }
    text += "]}}";
    if (pick(2) == 0) text += "," + a_stage();
    return parse_json(text + "]}").value();
  }

  void expect_sums(const json::object& bm25, double score) {
    double sum = 0;
    for (const json::value& each : bm25.at("terms").get_array()) {
      const json::object& term = each.get_object();
      const double tf = number_of(term.at("tf"));
      EXPECT_EQ(number_of(term.at("score")),
                number_of(term.at("weight")) * tf / (tf + number_of(bm25.at("norm"))));
      double shares = 0;
      for (const json::value& field : term.at("fields").get_array()) {
        shares += number_of(field.at("score"));
      }
      EXPECT_EQ(shares, number_of(term.at("score")));
      sum += number_of(term.at("score"));
    }
    EXPECT_EQ(number_of(bm25.at("sum")), sum);
    // What a search gives is the shortest text of the float.
    EXPECT_EQ(static_cast<float>(sum), static_cast<float>(score));
    EXPECT_EQ(number_of(bm25.at("score")), score);
    ++summed_;
  }

  void expect_search(const json::object& evidence, double score) {
    EXPECT_EQ(number_of(evidence.at("score")), score);
    const bool fused = !evidence.at("fusion").is_null();
    const std::string fusion =
        fused ? std::string(evidence.at("fusion").get_string()) : std::string();
    double total = 0;
    bool first = true;
    for (const json::value& each : evidence.at("searches").get_array()) {
      const json::object& search = each.get_object();
      if (search.at("rank").is_null()) {
        EXPECT_FALSE(search.at("missed").is_null());
        ++missed_[std::string(search.at("missed").at("reason").get_string())];
        if (!search.at("bm25").is_null()) {
          expect_sums(search.at("bm25").get_object(), number_of(search.at("score")));
        }
        continue;
      }
      const double own = number_of(search.at("score"));
      const double rank = number_of(search.at("rank"));
      expect_sums(search.at("bm25").get_object(), own);
      if (!fused) {
        EXPECT_EQ(own, score);
        continue;
      }
      const double part = number_of(search.at("part"));
      const json::value& how = search.at("normalisation");
      if (fusion == "convex" && rank <= 200) {
        const double low = number_of(how.at("low"));
        const double high = number_of(how.at("high"));
        EXPECT_EQ(part, number_of(how.at("weight")) *
                            (high > low ? (own - low) / (high - low) : 1.0));
      }
      if (fusion == "rrf") {
        EXPECT_EQ(part, number_of(how.at("weight")) / (number_of(how.at("k")) + rank));
      }
      if (fusion == "weighted") EXPECT_EQ(part, number_of(how.at("weight")) * own);
      if (fusion == "max") EXPECT_EQ(part, own);
      if (fusion == "dbsf") {
        const double deviation = number_of(how.at("deviation"));
        EXPECT_EQ(part, deviation > 0 ? number_of(how.at("weight")) *
                                            ((own - number_of(how.at("mean"))) / deviation)
                                      : 0.0);
      }
      total = first ? part : fusion == "max" ? std::max(total, part) : total + part;
      first = false;
    }
    if (fused) {
      EXPECT_EQ(total, score);
      ++fusions_[fusion];
    }
  }

  void expect_true(const Execution& execution, const std::string& document) {
    const ExplainAnswer answer = explain(execution, document);
    SCOPED_TRACE(answer.sentence + "\n" + execution.pipeline + "\n" + *execution.inputs);
    ++outcomes_[answer.outcome];
    EXPECT_FALSE(answer.sentence.empty());
    if (answer.outcome == "not_in_collection") return;
    const auto in_results =
        std::find_if(execution.results.begin(), execution.results.end(),
                     [&](const ScoredId& id) { return id.document_id == document; });
    EXPECT_EQ(answer.outcome == "in_results", in_results != execution.results.end());
    if (answer.outcome == "in_results") {
      EXPECT_EQ(answer.rank, in_results - execution.results.begin() + 1);
      EXPECT_EQ(answer.score, in_results->score);
    }
    EXPECT_NE(answer.as_recorded, false);
    ASSERT_LE(answer.stages.size(), execution.stages.size());
    for (std::size_t i = 0; i < answer.stages.size(); ++i) {
      const StageStanding& stage = answer.stages[i];
      const auto& recorded = execution.stages[i].candidates;
      const auto at =
          std::find_if(recorded.begin(), recorded.end(),
                       [&](const ScoredId& id) { return id.document_id == document; });
      ASSERT_EQ(stage.rank.has_value(), at != recorded.end()) << i;
      if (!stage.rank) continue;
      EXPECT_EQ(*stage.rank, at - recorded.begin() + 1);
      EXPECT_EQ(stage.score, at->score);
      const json::value* searches = stage.evidence.if_contains("searches");
      if (searches == nullptr) continue;
      EXPECT_TRUE(stage.scored);
      expect_search(stage.evidence, *at->score);
    }
  }

  const RankExplainer explainer_{runner_, replayer_};
  std::map<std::string, int> outcomes_;
  std::map<std::string, int> fusions_;
  std::map<std::string, int> missed_;
  int summed_ = 0;
};

TEST_F(ExplainTest, PartsAddUpToWhatWasRecorded) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int i = 0; i < 15; ++i) write_some();
  for (int i = 0; i < 150; ++i) {
    write_some();
    const bool fused = pick(2) == 0;
    const Execution execution = run(fused ? fused_pipeline() : a_pipeline(), some_inputs());
    write_some();
    for (int asked = 0; asked < 5; ++asked) {
      expect_true(execution, std::to_string(pick(62)));
      if (HasFailure()) return;
    }
  }
  for (const char* outcome : {"in_results", "lost", "not_in_collection"}) {
    EXPECT_GT(outcomes_[outcome], 0) << outcome;
  }
  for (const char* fusion : {"convex", "rrf", "dbsf", "weighted", "max"}) {
    EXPECT_GT(fusions_[fusion], 0) << fusion;
  }
  for (const char* reason : {"no_match", "below_top_k", "under_min_score", "filtered"}) {
    EXPECT_GT(missed_[reason], 0) << reason;
  }
  EXPECT_GT(summed_, 100);
}

TEST_F(ExplainTest, SaysItInASentence) {
  clock_.advance(1'000'000);
  std::vector<DocumentWrite> documents;
  for (int i = 0; i < 20; ++i) {
    documents.push_back(
        {"d" + std::to_string(i),
         {{"title", i % 2 == 0 ? "amber" : "amber birch birch"}, {"year", 1840 + i}}});
  }
  ASSERT_TRUE(corpus_.put(collection_, std::move(documents), Atomic::yes));
  const Execution execution =
      run(parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_name": "find", "stage_id": "feature_search",
       "parameters": {"query": "birch amber frost", "final_top_k": 8}},
      {"stage_name": "old", "stage_id": "attribute_filter",
       "parameters": {"conditions": {"field": "year", "operator": "gte", "value": 1846}}},
      {"stage_name": "late", "stage_id": "sort_attribute",
       "parameters": {"sort_field": "year"}},
      {"stage_name": "few", "stage_id": "limit", "parameters": {"limit": 3}}]})")
              .value(),
          {});
  EXPECT_EQ(
      explain(execution, "d13").sentence,
      "'d13' is in the results at rank 2 of 3, with the score 0.8556. 'find' "
      "(feature_search): the search gave it 0.8556 ('birch' 0.8356 in title, 'amber' "
      "0.02001 in title). 'old' (attribute_filter) left others out, which took it from "
      "rank 7 to 4. 'late' (sort_attribute): its 'year' is 1853, and the documents are "
      "sorted by that, desc, which took it from rank 4 to 2.");
  EXPECT_EQ(explain(execution, "d1").sentence,
            "'d1' is not in the results: the stage 'old' did not hand it on; ask why.");
  EXPECT_EQ(explain(execution, "d2").sentence,
            "'d2' is not in the results: the stage 'find' did not hand it on; ask why.");
  EXPECT_EQ(explain(execution, "nowhere").outcome, "not_in_collection");
  // As of now there is nothing to agree with.
  ASSERT_TRUE(corpus_.remove(collection_, std::vector<std::string>{"d15"}));
  ReplayRequest now;
  now.as_of = ReplayRequest::AsOf::now;
  const ExplainAnswer answer = explain(execution, "d13", now);
  EXPECT_FALSE(answer.as_recorded);
  EXPECT_EQ(answer.rank, 2u);
  EXPECT_EQ(explain(execution, "d13").as_recorded, true);
}

}  // namespace
}  // namespace trawl::explain_test
