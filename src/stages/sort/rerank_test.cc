#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "corpus/memory/memory_corpus.h"
#include "providers/embedding.h"
#include "providers/reranking.h"
#include "stages/stage_test_support.h"

namespace trawl::rerank_test {
namespace {

using namespace stage_test;

// The longer a text, the better.
class Lengths final : public Reranker {
 public:
  std::string_view name() const override { return "lengths"; }
  bool is_local() const override { return true; }
  Result<RerankScores> rerank(const std::string& query, std::span<const std::string> texts,
                              const AskContext&) const override {
    EXPECT_EQ(query, "q");
    asked.emplace_back(texts.begin(), texts.end());
    RerankScores out;
    for (const std::string& text : texts) {
      out.scores.push_back(static_cast<double>(text.size()) / 100);
    }
    return out;
  }
  mutable std::vector<std::vector<std::string>> asked;
};

class RerankTest : public testing::Test {
 protected:
  RerankTest() {
    providers_.add("rerank", std::make_shared<RerankingProvider>(lengths_));
    providers_.add("rerank:mine", std::make_shared<RerankingProvider>(lengths_));
  }
  Result<Ran> run(std::string_view parameters, const std::vector<Candidate>& input) {
    BindContext context;
    context.providers = &providers_;
    TestRun test;
    return run_bound(*make_stage("rerank", parameters), to_list(input), context, test.run);
  }
  const std::shared_ptr<Lengths> lengths_ = std::make_shared<Lengths>();
  Providers providers_;
  const std::vector<Candidate> input_ = {
      candidate("a", R"({"content": "x"})", 3.0),
      candidate("b", R"({"content": "xxx", "scores": {"own": 1}})", 2.0),
      candidate("c", R"({"other": "xxxxx"})", 1.0),
      candidate("d", R"({"content": "xx"})", 0.5)};
};

TEST_F(RerankTest, SortsByWhatTheRerankerSays) {
  const auto ran = run(R"({"query": "q"})", input_).value();
  EXPECT_EQ(ids(ran.candidates), "b d a c");
  EXPECT_EQ(ran.candidates[0].score, 0.03);
  const json::object& shown = ran.candidates[0].shown;
  EXPECT_EQ(shown.at("scores"), parse(R"({"own": 1, "rerank": 0.03})"));
  EXPECT_EQ(shown.at("original_score"), 2.0);
  EXPECT_EQ(shown.at("rerank_position"), 1);
  // One without a text was not scored, and keeps its score.
  EXPECT_EQ(ran.candidates[3].score, 1.0);
  EXPECT_EQ(ran.metadata.at("scored"), 3);
  EXPECT_TRUE(ran.warnings.empty());
}

TEST_F(RerankTest, ScoresTheFirstAndKeepsAsManyAsAreAsked) {
  EXPECT_EQ(ids(run(R"({"query": "q", "max_candidates": 2})", input_)->candidates),
            "b a c d");
  EXPECT_EQ(
      ids(run(R"({"query": "q", "max_candidates": null, "top_k": 2})", input_)->candidates),
      "b d");
  std::vector<Candidate> many;
  for (int i = 0; i < 15; ++i) {
    many.push_back(candidate("m" + std::to_string(i),
                             R"({"content": ")" + std::string(i + 1, 'x') + R"("})"));
  }
  // Ten, unless it says otherwise.
  EXPECT_EQ(run(R"({"query": "q"})", many)->candidates[0].document_id, "m9");
  lengths_->asked.clear();
  EXPECT_EQ(run(R"({"query": "q", "max_candidates": null, "batch_size": 4})", many)
                ->candidates[0]
                .document_id,
            "m14");
  EXPECT_EQ(lengths_->asked.size(), 4u);
}

TEST_F(RerankTest, CutsLongTextsAndTakesAnotherField) {
  const std::string text(500, 'y');
  const auto ran =
      run(R"({"query": "q", "document_field": "body.text", "max_document_chars": 100,
              "score_field": "ce"})",
          {candidate("a", R"({"body": {"text": ")" + text + R"("}})")})
          .value();
  EXPECT_LE(lengths_->asked.at(0).at(0).size(), 103u);  // And an ellipsis.
  EXPECT_TRUE(ran.candidates[0].shown.contains("ce"));
}

TEST_F(RerankTest, NamesAreThoseOfTheConfiguration) {
  EXPECT_TRUE(run(R"({"query": "q", "inference_name": "mine"})", input_));
  EXPECT_TRUE(
      run(R"({"query": "q", "inference_name": "BAAI__bge_reranker_v2_m3"})", input_));
  const auto other = run(R"({"query": "q", "model": "other"})", input_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::not_enabled);
  EXPECT_EQ(other.error().location, std::string(kLocation) + ".inference_name");
  providers_ = {};
  EXPECT_EQ(run(R"({"query": "q"})", input_).error().code, ErrorCode::not_enabled);
  const auto location = [](std::string_view parameters) {
    return read_error("rerank", parameters).location;
  };
  const std::string base(kLocation);
  EXPECT_EQ(location(R"({"query": " "})"), base + ".query");
  EXPECT_EQ(location(R"({"query": "q", "score_field": "a..b"})"), base + ".score_field");
  EXPECT_EQ(location(R"({"query": "q", "max_candidates": 0})"), base + ".max_candidates");
}

// The letters a and b.
class Letters final : public Embedder {
 public:
  Letters() {
    model_.name = "letters";
    model_.dimension = 2;
  }
  const EmbeddingModel& model() const override { return model_; }
  bool is_local() const override { return true; }
  std::size_t batch_max() const override { return 8; }
  Result<Embeddings> embed(std::span<const std::string> texts, EmbeddingTask,
                           const AskContext&) const override {
    Embeddings out;
    for (const std::string& text : texts) {
      out.values.push_back(0.1f +
                           static_cast<float>(std::count(text.begin(), text.end(), 'a')));
      out.values.push_back(0.1f +
                           static_cast<float>(std::count(text.begin(), text.end(), 'b')));
    }
    return out;
  }

 private:
  EmbeddingModel model_;
};

TEST(Rerank, ComparesStoredVectorsWhereThereIsNoRerankerAndSaysIt) {
  const auto letters = std::make_shared<Letters>();
  MemoryCorpus corpus;
  Namespace ns;
  ns.name = "n";
  Collection wanted;
  wanted.name = "c";
  wanted.namespace_id = corpus.create_namespace(ns).value().id;
  Feature feature;
  feature.uri = "mem://meaning@v1/text";
  feature.kind = Feature::Kind::dense;
  feature.dimension = 2;
  feature.model = letters->model();
  wanted.features.push_back(feature);
  const CollectionId id = corpus.create_collection(wanted).value().id;
  for (const char* text : {"aaa", "bbb", "ab"}) {
    json::object fields{{"text", text}};
    ASSERT_TRUE(corpus.put(id, {{text, fields, {}}}, Atomic::yes));
  }
  std::vector<ArrivedVectors> arrived;
  for (const auto& one : corpus.awaited_vectors(id, feature.uri, {}, 2).value()) {
    arrived.push_back({one.document, one.text_hash,
                       letters->embed({&one.text, 1}, {}, {}).value().values});
  }
  ASSERT_TRUE(corpus.put_vectors(id, feature.uri, std::move(arrived)));

  Providers providers;
  providers.add(embedding_key(letters->model()), embedding_provider(letters));
  const std::shared_ptr<const Snapshot> snapshot = corpus.snapshot(id, {}).value();
  CandidateList list;
  list.add(list.source(snapshot), select_documents(*snapshot, {}).value());
  BindContext context;
  context.snapshots = {&snapshot, 1};
  context.providers = &providers;
  TestRun test;
  const auto ran =
      run_bound(*make_stage("rerank", R"({"query": "bb"})"), list, context, test.run)
          .value();
  EXPECT_EQ(ids(ran.candidates), "bbb aaa ab");
  EXPECT_EQ(ran.metadata.at("by"), "vectors");
  ASSERT_EQ(ran.warnings.size(), 2u);
  EXPECT_NE(ran.warnings[0].find("no reranker"), std::string::npos);
}

}  // namespace
}  // namespace trawl::rerank_test
