#include "providers/rerank/reranker.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "net/net_server_test_support.h"

namespace trawl::rerank {
namespace {

using test::Exchange;
using test::NetServer;

std::string refusal(std::string_view body, Dialect dialect, std::size_t count) {
  const auto reply = read_rerank_reply(body, dialect, count);
  EXPECT_FALSE(reply) << body;
  if (!reply) {
    EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
  }
  return reply ? std::string() : reply.error().message;
}

TEST(RerankReply, IsReadInTheOrderOfTheTexts) {
  const auto cohere = read_rerank_reply(
      R"({"id":"1","results":[{"index":2,"relevance_score":0.9},
          {"index":0,"relevance_score":-3.25},{"index":1,"relevance_score":0}],
          "meta":{"billed_units":{"search_units":1},"tokens":{"input_tokens":12}}})",
      Dialect::cohere, 3);
  ASSERT_TRUE(cohere) << cohere.error().message;
  EXPECT_EQ(cohere->scores, (std::vector<double>{-3.25, 0, 0.9}));
  EXPECT_EQ(cohere->tokens, 12u);
  const auto jina = read_rerank_reply(
      R"({"model":"j","usage":{"total_tokens":7},"results":[{"index":0,
          "document":{"text":"a"},"relevance_score":1}]})",
      Dialect::cohere, 1);
  ASSERT_TRUE(jina);
  EXPECT_EQ(jina->tokens, 7u);
  const auto tei = read_rerank_reply(
      R"([{"index":1,"score":2.5},{"index":0,"score":1e-9}])", Dialect::tei, 2);
  ASSERT_TRUE(tei);
  EXPECT_EQ(tei->scores, (std::vector<double>{1e-9, 2.5}));
  EXPECT_EQ(tei->tokens, 0u);
}

TEST(RerankReply, IsRefusedWhereItIsOfOtherTextsOrNone) {
  EXPECT_EQ(refusal(R"([{"index":0,"score":1}])", Dialect::tei, 2),
            "it answered 1 scores for 2 texts");
  EXPECT_EQ(refusal(R"([{"index":0,"score":1},{"index":0,"score":2}])", Dialect::tei, 2),
            "it answered index 0 twice");
  EXPECT_EQ(refusal(R"([{"index":0,"score":1},{"index":2,"score":2}])", Dialect::tei, 2),
            "it answered a score with index 2 for 2 texts");
  EXPECT_EQ(refusal(R"([{"index":0,"score":1}])", Dialect::cohere, 1),
            "its reply has no list `results`; is its dialect \"tei\"?");
  EXPECT_EQ(refusal(R"({"results":[]})", Dialect::tei, 1),
            "its reply is no list; is its dialect \"cohere\"?");
  EXPECT_EQ(refusal(R"([{"index":0,"relevance_score":1}])", Dialect::tei, 1),
            "a result of its reply has no `index` or no `score`");
  for (const char* item :
       {"null", "[]", "{}", R"({"index":0})", R"({"score":1})", R"({"index":-1,"score":1})",
        R"({"index":"0","score":1})", R"({"index":0.5,"score":1})",
        R"({"index":1e30,"score":1})", R"({"index":0,"score":"1"})",
        R"({"index":0,"score":null})", R"({"index":0,"score":NaN})",
        R"({"index":0,"score":1e999})", R"({"index":9223372036854775807,"score":1})"}) {
    refusal(std::string("[") + item + "]", Dialect::tei, 1);
  }
  for (const char* body : {"", "{", "null", "0", "<html>"}) {
    refusal(body, Dialect::tei, 1);
    refusal(body, Dialect::cohere, 1);
  }
}

class RemoteRerankerTest : public testing::Test {
 protected:
  std::vector<std::string> heads_;
  std::vector<std::string> questions_;
  std::function<bool(const Exchange&)> instead_;
  // Scores a text by its length; the last text first.
  NetServer server_{[this](const Exchange& exchange) {
    heads_.push_back(exchange.head);
    questions_.push_back(exchange.body);
    if (instead_) return instead_(exchange);
    const json::value asked = parse_json(exchange.body).value();
    const bool is_tei = asked.as_object().contains("texts");
    const json::array& texts = asked.at(is_tei ? "texts" : "documents").as_array();
    std::string out;
    JsonWriter writer(out);
    if (!is_tei) writer.begin_object().key("results");
    writer.begin_array();
    for (std::size_t i = texts.size(); i-- > 0;) {
      writer.begin_object().key("index").unsigned_integer(i);
      writer.key(is_tei ? "score" : "relevance_score");
      writer.unsigned_integer(texts[i].as_string().size()).end_object();
    }
    writer.end_array();
    if (!is_tei) writer.end_object();
    return exchange.reply(200, out);
  }};

  RerankerOptions options() const {
    RerankerOptions options;
    options.remote.name = "r";
    options.remote.url = net::parse_url(server_.url() + "/v2").value();
    options.remote.key = "sk-very-secret-0123";
    options.remote.allow_private = true;
    options.remote.retry.first_wait = std::chrono::milliseconds(1);
    options.model = "rank-1";
    return options;
  }
};

TEST_F(RemoteRerankerTest, AsksAsCohereIsAsked) {
  const RemoteReranker reranker(options());
  EXPECT_EQ(reranker.name(), "r:rank-1");
  const std::vector<std::string> texts = {"a", "ccc", "bb", ""};
  const auto scores = reranker.rerank("what", texts, {});
  ASSERT_TRUE(scores) << scores.error().message;
  EXPECT_EQ(scores->scores, (std::vector<double>{1, 3, 2, 1}));
  ASSERT_EQ(questions_.size(), 1u);
  EXPECT_EQ(
      questions_[0],
      R"({"model":"rank-1","query":"what","documents":["a","ccc","bb"," "],"top_n":4})");
  EXPECT_TRUE(heads_[0].starts_with("POST /v2/rerank HTTP/1.1\r\n"));
  EXPECT_TRUE(reranker.rerank("what", {}, {})->scores.empty());
  EXPECT_EQ(questions_.size(), 1u);
}

TEST_F(RemoteRerankerTest, AsksAsTeiIsAskedInBatches) {
  RerankerOptions wanted = options();
  wanted.dialect = Dialect::tei;
  wanted.model = "";
  wanted.batch_max = 2;
  wanted.text_bytes_max = 3;
  const RemoteReranker reranker(wanted);
  EXPECT_EQ(reranker.name(), "r");
  const std::vector<std::string> texts = {"a", "ccc", "bbbbbbb"};
  const auto scores = reranker.rerank("query", texts, {});
  ASSERT_TRUE(scores) << scores.error().message;
  EXPECT_EQ(scores->scores, (std::vector<double>{1, 3, 3}));
  ASSERT_EQ(questions_.size(), 2u);
  EXPECT_EQ(questions_[0], R"({"query":"que","texts":["a","ccc"],"truncate":true})");
  EXPECT_EQ(questions_[1], R"({"query":"que","texts":["bbb"],"truncate":true})");
}

TEST_F(RemoteRerankerTest, SaysWhatIsWrongWithAnAnswer) {
  const RemoteReranker reranker(options());
  const std::vector<std::string> texts = {"a", "b"};
  instead_ = [](const Exchange& exchange) {
    return exchange.reply(200, R"({"results":[{"index":0,"relevance_score":1}]})");
  };
  EXPECT_EQ(reranker.rerank("q", texts, {}).error().message,
            "the provider 'r': it answered 1 scores for 2 texts");
  instead_ = [](const Exchange& exchange) {
    return exchange.reply(422, R"({"message":"too long, sk-very-secret-0123"})");
  };
  const auto refused = reranker.rerank("q", texts, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_EQ(refused.error().message, "the provider 'r' answered 422: too long, [the key]");
}

}  // namespace
}  // namespace trawl::rerank
