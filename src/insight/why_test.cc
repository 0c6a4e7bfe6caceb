// Goal: the stage that is named is the one where the document was lost, the reason holds,
// and the change that is named carries it past that stage.
// Method: random runs, asked about random documents; beside them the same pipeline cut off
// behind each stage, where whoever looks sees the document or not.
#include "insight/why.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "insight/insight_test_support.h"

namespace trawl::why_test {
namespace {

class WhyTest : public test::InsightTest {
 protected:
  WhyAnswer why(const Execution& execution, const std::string& document,
                const std::string& collection = {}) {
    const WhyQuestion question{document, collection};
    auto answers = why_not_.answer(execution, {&question, 1}, {});
    EXPECT_TRUE(answers) << answers.error().message;
    return answers ? answers->front() : WhyAnswer();
  }

  // Where the document is in what the first `stages` stages of the pipeline give, from 1.
  std::optional<std::size_t> naive_rank(const Execution& execution, std::size_t stages,
                                        const std::string& document,
                                        const json::array& patch = {}) {
    ReplayRequest request;
    json::array set = patch;
    const std::size_t all = execution.summary.total_stages;
    for (std::size_t i = all; i-- > stages;) {
      set.push_back({{"op", "remove"}, {"path", "/stages/" + std::to_string(i)}});
    }
    request.set = set;
    const Execution cut = replay(execution, request);
    const auto found =
        std::find_if(cut.results.begin(), cut.results.end(),
                     [&](const ScoredId& id) { return id.document_id == document; });
    if (found == cut.results.end()) return std::nullopt;
    return static_cast<std::size_t>(found - cut.results.begin()) + 1;
  }

  void expect_true(const Execution& execution, const std::string& document) {
    const WhyAnswer answer = why(execution, document);
    SCOPED_TRACE(answer.sentence + "\n" + execution.pipeline + "\n" + *execution.inputs);
    ++outcomes_[answer.outcome];
    EXPECT_FALSE(answer.sentence.empty());
    const std::size_t ran = execution.stages.size();
    const bool completed = execution.summary.status == status::kCompleted;
    std::optional<std::size_t> lost_at;
    bool was_there = false;
    const std::size_t visible = completed ? ran : ran - 1;
    for (std::size_t i = 0; i < visible; ++i) {
      const auto rank = naive_rank(execution, i + 1, document);
      if (answer.outcome != "not_in_collection") {
        ASSERT_LT(i, answer.boundaries.size());
        EXPECT_EQ(answer.boundaries[i].rank, rank) << "stage " << i;
      }
      const bool source = execution.stages[i].stage_id == "feature_search" || i == 0;
      if (rank) lost_at.reset();
      if (!rank && (was_there || source)) lost_at = i;
      was_there = rank.has_value();
    }
    if (answer.outcome == "in_results") {
      EXPECT_TRUE(completed && was_there);
      return;
    }
    if (answer.outcome == "not_in_collection") {
      EXPECT_FALSE(was_there);
      return;
    }
    if (answer.outcome == "stopped") {
      EXPECT_TRUE(!completed && was_there);
      return;
    }
    ASSERT_EQ(answer.outcome, "lost");
    ASSERT_TRUE(lost_at);
    EXPECT_EQ(answer.lost_at->stage_index, *lost_at);
    ++reasons_[answer.lost_at->reason];
    EXPECT_NE(answer.lost_at->reason, "unknown");
    EXPECT_NE(answer.lost_at->reason, "not_given");
    if (!answer.nearest_change) {
      ++unchanged_[answer.lost_at->reason];
      return;
    }
    const NearestChange& change = *answer.nearest_change;
    EXPECT_TRUE(naive_rank(execution, *lost_at + 1, document, change.patch))
        << to_json_text(change.patch);
    EXPECT_EQ(change.reaches_results,
              naive_rank(execution, execution.summary.total_stages, document, change.patch)
                  .has_value())
        << to_json_text(change.patch);
  }

  const WhyNot why_not_{corpus_, corpus_, runner_, replayer_};
  std::map<std::string, int> outcomes_;
  std::map<std::string, int> reasons_;
  std::map<std::string, int> unchanged_;
};

TEST_F(WhyTest, TheNamedStageIsTheOneAndTheChangeHelps) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int i = 0; i < 15; ++i) write_some();
  for (int i = 0; i < 150; ++i) {
    write_some();
    const Execution execution = run(a_pipeline(), some_inputs());
    for (int asked = 0; asked < 4; ++asked) {
      expect_true(execution, std::to_string(pick(62)));
      if (HasFailure()) return;
    }
  }
  for (const char* outcome : {"in_results", "lost", "not_in_collection"}) {
    EXPECT_GT(outcomes_[outcome], 0) << outcome;
  }
  for (const char* reason : {"filtered", "not_drawn", "duplicate", "over_group_limit",
                             "beyond_limit", "in_row", "no_match"}) {
    EXPECT_GT(reasons_[reason], 0) << reason;
  }
  // Of these there is always a change.
  for (const char* reason :
       {"beyond_limit", "before_offset", "over_group_limit", "in_row", "below_top_k"}) {
    EXPECT_EQ(unchanged_[reason], 0) << reason;
  }
}

// The time of a request is that of all runs which an answer takes.
TEST_F(WhyTest, ARequestThatIsOverGetsAnErrorAndNoHalfAnswer) {
  for (int i = 0; i < 10; ++i) write_some();
  const Execution execution =
      run(parse_json(R"({"collection_identifiers": ["books"], "stages": [
          {"stage_id": "attribute_filter", "parameters": {"field": "year", "operator": "lt",
           "value": -1}}]})")
              .value(),
          {});
  int left = 3;
  const Checkpoint check = [&]() -> Result<void> {
    if (left-- > 0) return {};
    return make_error(ErrorCode::timeout, "the time is over");
  };
  std::vector<WhyQuestion> questions;
  for (int i = 0; i < 60; ++i) questions.push_back({std::to_string(i), ""});
  const auto answers =
      bounded(check, [&] { return why_not_.answer(execution, questions, {}); });
  ASSERT_FALSE(answers);
  EXPECT_EQ(answers.error().code, ErrorCode::timeout);
}

TEST_F(WhyTest, ADocumentThatWasNotThereYetOrNoMore) {
  clock_.advance(1'000'000);
  const auto put = [&](std::string id) {
    ASSERT_TRUE(
        corpus_.put(collection_, {{std::move(id), {{"title", "amber"}}}}, Atomic::yes));
    clock_.advance(1'000'000);
  };
  put("early");
  ASSERT_TRUE(corpus_.remove(collection_, std::vector<std::string>{"early"}));
  put("other");
  const json::value body = parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_id": "feature_search", "parameters": {"query": "amber"}}]})")
                               .value();
  const Execution execution = run(body, {});
  put("late");
  WhyAnswer answer = why(execution, "early");
  EXPECT_EQ(answer.outcome, "not_in_collection");
  EXPECT_EQ(answer.lost_at->reason, "deleted");
  EXPECT_EQ(answer.lost_at->evidence.at("deleted_in_version"), 2);
  answer = why(execution, "late");
  EXPECT_EQ(answer.lost_at->reason, "not_yet");
  EXPECT_EQ(answer.lost_at->evidence.at("added_in_version"), 4);
  answer = why(execution, "nowhere");
  EXPECT_EQ(answer.lost_at->reason, "never");
  answer = why(execution, "other", "films");
  EXPECT_EQ(answer.lost_at->reason, "not_searched");
  answer = why(execution, "other", "books");
  EXPECT_EQ(answer.outcome, "in_results");
  EXPECT_EQ(answer.answered_by, "record");
  EXPECT_EQ(answer.rank, 1u);
}

TEST_F(WhyTest, SaysItInASentence) {
  clock_.advance(1'000'000);
  std::vector<DocumentWrite> documents;
  for (int i = 0; i < 20; ++i) {
    documents.push_back(
        {"d" + std::to_string(i),
         {{"title", i % 2 == 0 ? "amber" : "amber birch birch"}, {"year", 1840 + i}}});
  }
  ASSERT_TRUE(corpus_.put(collection_, std::move(documents), Atomic::yes));
  const json::value body = parse_json(R"({"collection_identifiers": ["books"], "stages": [
      {"stage_name": "find", "stage_id": "feature_search",
       "parameters": {"query": "birch", "top_k": 8, "final_top_k": 8}},
      {"stage_name": "old", "stage_id": "attribute_filter",
       "parameters": {"conditions": {"field": "year", "operator": "gte", "value": 1846}}},
      {"stage_name": "few", "stage_id": "limit", "parameters": {"limit": 3}}]})")
                               .value();
  const Execution execution = run(body, {});
  EXPECT_EQ(why(execution, "d1").sentence,
            "'d1' was lost at the stage 'old' (attribute_filter): its 'year' is 1841, and "
            "'year gte 1846' is asked for. With year gte 1841 it reaches the results.");
  EXPECT_EQ(
      why(execution, "d2").sentence,
      "'d2' was lost at the stage 'find' (feature_search): it has none of the words of "
      "the query.");
  EXPECT_EQ(
      why(execution, "d19").sentence,
      "'d19' was lost at the stage 'find' (feature_search): the search has it at rank "
      "10, and top_k is 8. With top_k: 10, final_top_k: 10 it passes, and is lost at "
      "the stage 'few' then: it is at rank 7, and only those up to 3 are kept.");
  EXPECT_EQ(why(execution, "d13").sentence,
            "'d13' was lost at the stage 'few' (limit): it is at rank 4, and only those up "
            "to 3 are kept. With limit: 4 it reaches the results.");
  EXPECT_EQ(why(execution, "d7").sentence, "'d7' is in the results, at rank 1 of 3.");
}

}  // namespace
}  // namespace trawl::why_test
