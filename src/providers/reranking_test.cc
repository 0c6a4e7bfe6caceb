#include "providers/reranking.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "providers/rerankers.h"

namespace trawl::reranking_test {
namespace {

// Scores a text by how long it is.
class ByLength final : public Reranker {
 public:
  std::string_view name() const override { return "by-length:1"; }
  bool is_local() const override { return true; }
  Result<RerankScores> rerank(const std::string& query, std::span<const std::string> texts,
                              const AskContext&) const override {
    if (query == "fail") return make_error(ErrorCode::unavailable, "no");
    RerankScores out;
    for (const std::string& text : texts) {
      out.scores.push_back(static_cast<double>(text.size()) / 3);
    }
    out.tokens = 7;
    return out;
  }
};

TEST(Reranking, AsksTheRerankerInBytes) {
  const RerankingProvider provider(std::make_shared<ByLength>());
  EXPECT_EQ(provider.name(), "by-length:1");
  const std::vector<std::string> texts = {"a", "b\n\"c\"", ""};
  const std::string question = encode_rerank_question("what", texts);
  EXPECT_EQ(question, R"({"query":"what","texts":["a","b\n\"c\"",""]})");
  const auto answer = provider.ask(question, {});
  ASSERT_TRUE(answer);
  const auto scores = decode_rerank_answer(*answer, 3);
  ASSERT_TRUE(scores);
  EXPECT_EQ(scores->scores, (std::vector<double>{1.0 / 3, 5.0 / 3, 0}));
  EXPECT_EQ(scores->tokens, 7u);
  EXPECT_EQ(provider.ask(encode_rerank_question("fail", texts), {}).error().code,
            ErrorCode::unavailable);
  EXPECT_FALSE(provider.ask("[]", {}));
}

TEST(Reranking, GivesScoresBackToTheLastBit) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 rng(seed);
  RerankScores scores;
  scores.scores = {0.0, -0.0, 0.1, -1e-300, 5e-324, std::numeric_limits<double>::max()};
  while (scores.scores.size() < 2'000) {
    double score = 0;
    const std::uint64_t bits = rng();
    std::memcpy(&score, &bits, sizeof score);
    if (std::isfinite(score)) scores.scores.push_back(score);
  }
  const auto again =
      decode_rerank_answer(encode_rerank_answer(scores), scores.scores.size());
  ASSERT_TRUE(again);
  for (std::size_t i = 0; i < scores.scores.size(); ++i) {
    EXPECT_EQ(again->scores[i], scores.scores[i]);
  }
}

TEST(Reranking, RefusesAnswersThatAreNone) {
  for (const char* answer :
       {"", "[]", "{}", R"({"scores":[1]})", R"({"scores":[1,2,3]})",
        R"({"scores":[1,"2"]})", R"({"scores":[1,null]})", R"({"scores":[1,1e999]})",
        R"({"scores":{"0":1,"1":2}})", R"({"scores":[1,2],"tokens":-1})"}) {
    EXPECT_FALSE(decode_rerank_answer(answer, 2)) << answer;
  }
  EXPECT_TRUE(decode_rerank_answer(R"({"scores":[1,2]})", 2));
}

TEST(Rerankers, AreFoundByNameAndMissedByName) {
  Rerankers rerankers;
  EXPECT_EQ(rerankers.find("x").error().code, ErrorCode::not_enabled);
  EXPECT_NE(rerankers.find("x").error().message.find("[providers.x]"), std::string::npos);
  rerankers.add("b", std::make_shared<ByLength>());
  rerankers.add("a", std::make_shared<ByLength>());
  EXPECT_TRUE(rerankers.find("a"));
  EXPECT_EQ(rerankers.find("x").error().message,
            "this server has no reranker 'x'; it has a, b");
}

}  // namespace
}  // namespace trawl::reranking_test
