// Goal: an embedder gives vectors that are right, or an error that says why not. Method: a
// server that answers as the protocol has it, and one fault at a time.
#include "providers/openai/embedder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

#include "base/json.h"
#include "net/net_server_test_support.h"

namespace trawl::openai {
namespace {

using test::Exchange;
using test::NetServer;

constexpr std::string_view kKey = "sk-very-secret-0123";

// [length of the text, 1, 2] for each text of a question, last first.
std::string answer_to(const std::string& question) {
  const json::value asked = parse_json(question).value();
  const json::array& input = asked.at("input").as_array();
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("data").begin_array();
  for (std::size_t i = input.size(); i-- > 0;) {
    writer.begin_object().key("index").unsigned_integer(i).key("embedding").begin_array();
    writer.unsigned_integer(input[i].as_string().size()).integer(1).integer(2);
    writer.end_array().end_object();
  }
  writer.end_array().key("usage").begin_object().key("total_tokens").integer(10);
  writer.end_object().end_object();
  return out;
}

class OpenAiEmbedderTest : public testing::Test {
 protected:
  // Answers with this, in place of what the protocol says.
  std::function<bool(const Exchange&)> instead_;
  std::mutex mutex_;
  std::vector<std::string> questions_;
  NetServer server_{[this](const Exchange& exchange) {
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(exchange.body);
    }
    return instead_ ? instead_(exchange) : exchange.reply(200, answer_to(exchange.body));
  }};

  EmbedderOptions options() const {
    EmbedderOptions options;
    options.remote.name = "x";
    options.remote.url = net::parse_url(server_.url() + "/v1").value();
    options.remote.key = kKey;
    options.remote.allow_private = true;
    options.remote.retry.first_wait = std::chrono::milliseconds(1);
    options.model = "m";
    options.dimension = 3;
    options.normalize = false;
    return options;
  }

  static Result<Embeddings> embed(const EmbedderOptions& options,
                                  const std::vector<std::string>& texts,
                                  EmbeddingTask task = EmbeddingTask::as_written) {
    TRAWL_ASSIGN(const auto embedder, OpenAiEmbedder::open(options, {}));
    return embedder->embed(texts, task, {});
  }
};

TEST_F(OpenAiEmbedderTest, AsksInBatchesAndKeepsTheOrder) {
  EmbedderOptions wanted = options();
  wanted.batch_max = 2;
  const auto vectors = embed(wanted, {"a", "bb", "ccc", "dddd", "eeeee"});
  ASSERT_TRUE(vectors) << vectors.error().message;
  EXPECT_EQ(vectors->values,
            (std::vector<float>{1, 1, 2, 2, 1, 2, 3, 1, 2, 4, 1, 2, 5, 1, 2}));
  EXPECT_EQ(vectors->tokens, 30u);
  ASSERT_EQ(questions_.size(), 3u);
  EXPECT_EQ(questions_[0],
            R"({"model":"m","input":["a","bb"],"encoding_format":"base64"})");
  EXPECT_EQ(embed(wanted, {})->values.size(), 0u);
}

TEST_F(OpenAiEmbedderTest, PutsThePrefixOfTheTask) {
  EmbedderOptions wanted = options();
  wanted.query_prefix = "query: ";
  wanted.passage_prefix = "passage: ";
  wanted.base64 = false;
  wanted.request_dimension = true;
  wanted.text_bytes_max = 4;
  EXPECT_TRUE(embed(wanted, {"a"}, EmbeddingTask::query));
  EXPECT_TRUE(embed(wanted, {"b"}, EmbeddingTask::passage));
  EXPECT_TRUE(embed(wanted, {"toolong", ""}, EmbeddingTask::as_written));
  ASSERT_EQ(questions_.size(), 3u);
  const std::string end = R"(],"encoding_format":"float","dimensions":3})";
  EXPECT_EQ(questions_[0], R"({"model":"m","input":["query: a")" + end);
  EXPECT_EQ(questions_[1], R"({"model":"m","input":["passage: b")" + end);
  EXPECT_EQ(questions_[2], R"({"model":"m","input":["tool"," ")" + end);
}

TEST_F(OpenAiEmbedderTest, SaysWhatModelItAsks) {
  EmbedderOptions wanted = options();
  wanted.query_prefix = "q";
  wanted.normalize = true;
  const auto embedder = OpenAiEmbedder::open(wanted, {}).value();
  EmbeddingModel model;
  model.provider = "x";
  model.name = "m";
  model.dimension = 3;
  model.normalized = true;
  model.query_prefix = "q";
  EXPECT_EQ(embedder->model(), model);
  EXPECT_FALSE(embedder->is_local());
  EXPECT_EQ(server_.requests(), 0);
}

TEST_F(OpenAiEmbedderTest, AsksForTheDimensionWhereItIsNotSet) {
  EmbedderOptions wanted = options();
  wanted.dimension = 0;
  const auto embedder = OpenAiEmbedder::open(wanted, {}).value();
  EXPECT_EQ(embedder->model().dimension, 3u);
  EXPECT_EQ(server_.requests(), 1);
  instead_ = [](const Exchange& exchange) {
    return exchange.reply(200, R"({"data":[{"index":0,"embedding":[1,2]}]})");
  };
  const std::vector<std::string> texts = {"a"};
  EXPECT_FALSE(embedder->embed(texts, EmbeddingTask::query, {}));
  instead_ = [](const Exchange& exchange) { return exchange.reply(401, "no"); };
  EXPECT_FALSE(OpenAiEmbedder::open(wanted, {}));
}

TEST_F(OpenAiEmbedderTest, NormalizesWhereItIsAsked) {
  EmbedderOptions wanted = options();
  wanted.normalize = true;
  const auto vectors = embed(wanted, {"ab"});
  ASSERT_TRUE(vectors);
  EXPECT_EQ(vectors->values, (std::vector<float>{2 / 3.0f, 1 / 3.0f, 2 / 3.0f}));
  instead_ = [](const Exchange& exchange) {
    return exchange.reply(200, R"({"data":[{"index":0,"embedding":[0,0,0]}]})");
  };
  EXPECT_EQ(embed(wanted, {"ab"}).error().message,
            "the provider 'x': vector 0 is all zeros, which cannot be normalized");
  wanted.normalize = false;
  EXPECT_TRUE(embed(wanted, {"ab"}));
  // The square of neither fits into a float.
  instead_ = [](const Exchange& exchange) {
    return exchange.reply(200, R"({"data":[{"index":0,"embedding":[3e38,0,0]},
                                           {"index":1,"embedding":[0,1e-40,0]}]})");
  };
  wanted.normalize = true;
  const auto extremes = embed(wanted, {"a", "b"});
  ASSERT_TRUE(extremes);
  EXPECT_EQ(extremes->values, (std::vector<float>{1, 0, 0, 0, 1, 0}));
}

// Every fault of a server, and what is said of it.
TEST_F(OpenAiEmbedderTest, NeverTakesAFaultForAnAnswer) {
  const std::string right = R"({"data":[{"index":0,"embedding":[1,1,2]}]})";
  const auto replies = [](std::string body) {
    return [body](const Exchange& exchange) { return exchange.reply(200, body); };
  };
  const struct {
    const char* fault;
    std::function<bool(const Exchange&)> instead;
    const char* said;
  } kFaults[] = {
      {"nothing", [](const Exchange&) { return false; }, "the connection broke"},
      {"half a reply",
       [&](const Exchange& exchange) {
         exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + right);
         return false;
       },
       "half a reply came"},
      {"wrong count", replies(R"({"data":[]})"), "0 vectors for 1 texts"},
      {"wrong index", replies(R"({"data":[{"index":1,"embedding":[1,1,2]}]})"), "index 1"},
      {"NaN", replies(R"({"data":[{"index":0,"embedding":[1,NaN,2]}]})"), "not JSON"},
      {"huge number", replies(R"({"data":[{"index":0,"embedding":[1,1e39,2]}]})"),
       "not finite"},
      {"other dimension", replies(R"({"data":[{"index":0,"embedding":[1,1]}]})"),
       "2 numbers, not 3"},
      {"invalid JSON", replies("{\"data\":[{\"index\":0,"), "not JSON"},
      {"a page", replies("<html>welcome</html>"), "not JSON"},
      {"always 500", [](const Exchange& exchange) { return exchange.reply(500, "oh"); },
       "answered 500: oh"},
      {"429", [](const Exchange& exchange) { return exchange.reply(429, "slow"); },
       "answered 429: slow"},
      {"429 for an hour",
       [](const Exchange& exchange) {
         return exchange.reply(429, "slow", "Retry-After: 3600\r\n");
       },
       "to be asked again in 3600 s"},
      {"a redirect to metadata",
       [](const Exchange& exchange) {
         return exchange.reply(307, "", "Location: http://169.254.169.254/\r\n");
       },
       "is not followed"},
      {"endless",
       [](const Exchange& exchange) {
         exchange.write("HTTP/1.1 200 OK\r\n\r\n");
         while (exchange.write(std::string(65'536, ' '))) {
         }
         return false;
       },
       "longer than"},
      {"wrong coding",
       [&](const Exchange& exchange) {
         return exchange.reply(200, right, "Content-Encoding: gzip\r\n");
       },
       "cannot be unpacked"},
      {"unknown coding",
       [&](const Exchange& exchange) {
         return exchange.reply(200, right, "Content-Encoding: zebra\r\n");
       },
       "cannot be unpacked"},
      {"the key",
       [](const Exchange& exchange) {
         return exchange.reply(400, R"({"error":"your key is sk-very-secret-0123"})");
       },
       "your key is [the key]"},
  };
  for (const auto& each : kFaults) {
    SCOPED_TRACE(each.fault);
    instead_ = each.instead;
    const auto vectors = embed(options(), {"ab"});
    ASSERT_FALSE(vectors);
    const Error& error = vectors.error();
    EXPECT_NE(error.message.find(each.said), std::string::npos) << error.message;
    EXPECT_TRUE(error.message.starts_with("the provider 'x'")) << error.message;
    EXPECT_EQ((error.message + error.detail).find(kKey), std::string::npos);
  }
}

TEST_F(OpenAiEmbedderTest, GetsOverWhatPasses) {
  int left = 2;
  instead_ = [&left](const Exchange& exchange) {
    if (left-- > 0) return exchange.reply(left == 1 ? 500 : 429, "", "Retry-After: 0\r\n");
    return exchange.reply(200, answer_to(exchange.body));
  };
  EXPECT_TRUE(embed(options(), {"ab"}));
  EXPECT_EQ(server_.requests(), 3);
}

TEST_F(OpenAiEmbedderTest, EndsWithItsCaller) {
  instead_ = [](const Exchange& exchange) {
    exchange.wait_for_end();
    return false;
  };
  const auto embedder = OpenAiEmbedder::open(options(), {}).value();
  AskContext context;
  context.deadline = Deadline::after(std::chrono::milliseconds(5));
  const std::vector<std::string> texts = {"a"};
  EXPECT_EQ(embedder->embed(texts, EmbeddingTask::query, context).error().code,
            ErrorCode::timeout);
  StopSource stopped;
  stopped.request_stop(StopReason::client_left);
  context.deadline = {};
  context.stop = stopped.token();
  EXPECT_EQ(embedder->embed(texts, EmbeddingTask::query, context).error().code,
            ErrorCode::cancelled);
}

}  // namespace
}  // namespace trawl::openai
