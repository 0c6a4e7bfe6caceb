#include "providers/onnx/onnx_embedder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "providers/onnx/built_in.h"

namespace trawl::onnx {
namespace {

constexpr std::uint32_t kTestDimension = 3;

KnownModel test_model(Pooling pooling, std::uint32_t tokens_max = 6) {
  KnownModel model = known_models().front();
  model.name = "test";
  model.dimension = kTestDimension;
  model.pooling = pooling;
  model.tokens_max = tokens_max;
  model.query_prefix = "q: ";
  return model;
}

// Words of one letter; "[CLS]" is 1 and "[SEP]" 2.
WordPiece test_tokenizer() {
  return WordPiece::parse(R"({
    "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "TemplateProcessing", "single": [
      {"SpecialToken": {"id": "[CLS]"}}, {"Sequence": {"id": "A"}},
      {"SpecialToken": {"id": "[SEP]"}}]},
    "model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "q": 3,
      ":": 4, "a": 5, "b": 6}}})")
      .value();
}

// The vector of a token is (token, place, 1).
class CountingSession final : public Session {
 public:
  Result<HiddenState> run(std::span<const std::int64_t> tokens) const override {
    seen.emplace_back(tokens.begin(), tokens.end());
    HiddenState state;
    state.tokens = tokens.size();
    state.dimension = kTestDimension;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      state.values.push_back(breaks ? std::numeric_limits<float>::quiet_NaN()
                                    : static_cast<float>(tokens[i]));
      state.values.push_back(static_cast<float>(i));
      state.values.push_back(1);
    }
    return state;
  }

  mutable std::vector<std::vector<std::int64_t>> seen;
  bool breaks = false;
};

std::vector<float> unit(std::vector<double> of) {
  double squares = 0;
  for (const double value : of) squares += value * value;
  std::vector<float> made;
  for (const double value : of)
    made.push_back(static_cast<float>(value / std::sqrt(squares)));
  return made;
}

struct TestEmbedder {
  explicit TestEmbedder(Pooling pooling, std::uint32_t tokens_max = 6)
      : known(test_model(pooling, tokens_max)) {
    auto made = std::make_unique<CountingSession>();
    session = made.get();
    embedder = std::make_unique<OnnxEmbedder>(known, test_tokenizer(), std::move(made));
  }

  std::vector<float> vector_of(const std::string& text, EmbeddingTask task) const {
    auto made = embedder->embed(std::span(&text, 1), task, {});
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->values : std::vector<float>();
  }

  const KnownModel known;
  CountingSession* session;
  std::unique_ptr<OnnxEmbedder> embedder;
};

TEST(OnnxEmbedder, PoolsTheMeanOrTheFirst) {
  const TestEmbedder mean(Pooling::mean);
  // [CLS] a b [SEP]
  EXPECT_EQ(mean.vector_of("a b", EmbeddingTask::passage), unit({14, 6, 4}));
  const TestEmbedder first(Pooling::first);
  EXPECT_EQ(first.vector_of("a b", EmbeddingTask::passage), unit({1, 0, 1}));
}

TEST(OnnxEmbedder, QueriesHaveTheirPrefix) {
  const TestEmbedder made(Pooling::mean);
  (void)made.vector_of("a", EmbeddingTask::query);
  (void)made.vector_of("a", EmbeddingTask::passage);
  (void)made.vector_of("a", EmbeddingTask::as_written);
  EXPECT_EQ(made.session->seen, (std::vector<std::vector<std::int64_t>>{
                                    {1, 3, 4, 5, 2}, {1, 5, 2}, {1, 5, 2}}));
}

TEST(OnnxEmbedder, TextsAreRunOneByOneAndCutAtTheMost) {
  const TestEmbedder made(Pooling::mean, 4);
  const std::string texts[] = {"a b a b a", "", "b"};
  const auto all = made.embedder->embed(texts, EmbeddingTask::passage, {});
  ASSERT_TRUE(all);
  EXPECT_EQ(made.session->seen,
            (std::vector<std::vector<std::int64_t>>{{1, 5, 6, 2}, {1, 2}, {1, 6, 2}}));
  EXPECT_EQ(all->tokens, 9u);
  ASSERT_EQ(all->values.size(), 3 * kTestDimension);
  // The vector of each is that of it alone, to the bit.
  for (std::size_t i = 0; i < 3; ++i) {
    const auto* begin = all->values.data() + i * kTestDimension;
    EXPECT_EQ(std::vector<float>(begin, begin + kTestDimension),
              made.vector_of(texts[i], EmbeddingTask::passage));
  }
}

TEST(OnnxEmbedder, EndsWhereNobodyWaits) {
  const TestEmbedder made(Pooling::mean);
  const std::string texts[] = {"a", "b"};
  StopSource stop;
  stop.request_stop(StopReason::client_left);
  AskContext context;
  context.stop = stop.token();
  auto ended = made.embedder->embed(texts, EmbeddingTask::passage, context);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::cancelled);
  context = AskContext();
  context.deadline = Deadline::after(std::chrono::microseconds(0));
  ended = made.embedder->embed(texts, EmbeddingTask::passage, context);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::timeout);
  EXPECT_TRUE(made.session->seen.empty());
}

TEST(OnnxEmbedder, NumbersThatAreNotFiniteAreNoVector) {
  const TestEmbedder made(Pooling::mean);
  made.session->breaks = true;
  const std::string text = "a";
  const auto ended = made.embedder->embed(std::span(&text, 1), EmbeddingTask::passage, {});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::internal);
}

TEST(OnnxEmbedder, WhatDecidesOnAVectorIsInItsModel) {
  const EmbeddingModel mean = embedding_model(test_model(Pooling::mean));
  EXPECT_EQ(mean.revision, "afdb6f1a0e45-mean-6");
  EXPECT_NE(mean, embedding_model(test_model(Pooling::first)));
  EXPECT_NE(mean, embedding_model(test_model(Pooling::mean, 7)));
}

TEST(OnnxRuntime, WhatIsNoRuntimeIsRefused) {
  auto loaded = Runtime::load("/nowhere/libonnxruntime.so");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::not_enabled);
  EXPECT_NE(loaded.error().message.find("`trawl models fetch`"), std::string::npos);
  EXPECT_FALSE(loaded.error().detail.empty());
  // A library that every process has.
  loaded = Runtime::load("libc.so.6");
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("has no OrtGetApiBase"), std::string::npos)
      << loaded.error().message;
}

class BuiltInTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "trawl_models_" + std::to_string(::getpid());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, std::string_view content) {
    const std::filesystem::path path = directory_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  std::string message_of(std::string_view name) {
    const auto loaded = load_embedder({directory_, 1}, name);
    EXPECT_FALSE(loaded);
    return loaded ? std::string() : loaded.error().message;
  }

  std::string directory_;
};

TEST_F(BuiltInTest, SaysWhatIsMissingAndHowToGetIt) {
  EXPECT_NE(message_of("minilm").find("known are all-MiniLM-L6-v2, bge-small-en-v1.5"),
            std::string::npos);
  EXPECT_NE(message_of(kDefaultModel).find("`trawl models fetch all-MiniLM-L6-v2`"),
            std::string::npos);
  write("all-MiniLM-L6-v2/model.onnx", "");
  std::filesystem::resize_file(directory_ + "/all-MiniLM-L6-v2/model.onnx", 22'972'370);
  write("all-MiniLM-L6-v2/tokenizer.json", "{}");
  EXPECT_NE(message_of(kDefaultModel).find("there is no libonnxruntime.so"),
            std::string::npos);
  write("onnxruntime/libonnxruntime.so.1.32.0", "no library");
  EXPECT_NE(message_of(kDefaultModel).find("cannot be loaded as ONNX Runtime"),
            std::string::npos);
}

TEST_F(BuiltInTest, AFileThatWasCutIsMissed) {
  write("all-MiniLM-L6-v2/model.onnx", "cut");
  write("all-MiniLM-L6-v2/tokenizer.json", "{}");
  EXPECT_NE(message_of(kDefaultModel).find("has 3 bytes, not 22972370"), std::string::npos)
      << message_of(kDefaultModel);
}

TEST_F(BuiltInTest, ALazyOneSaysSoWhenItIsAsked) {
  const auto lazy = make_lazy_embedder({directory_, 1}, known_models().front());
  EXPECT_EQ(lazy->model(), embedding_model(known_models().front()));
  const std::string text = "a";
  const auto made = lazy->embed(std::span(&text, 1), EmbeddingTask::query, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::unavailable);
  EXPECT_NE(made.error().message.find("`trawl models fetch"), std::string::npos);
}

TEST_F(BuiltInTest, TheLastVersionOfTheLibraryIsTaken) {
  const ModelPlaces places(directory_);
  EXPECT_FALSE(places.runtime());
  write("onnxruntime/LICENSE", "");
  EXPECT_FALSE(places.runtime());
  write("onnxruntime/libonnxruntime.so.1.30.0", "");
  write("onnxruntime/libonnxruntime.so.1.32.0", "");
  EXPECT_EQ(places.runtime().value(), directory_ + "/onnxruntime/libonnxruntime.so.1.32.0");
  write("onnxruntime/libonnxruntime.so", "");
  EXPECT_EQ(places.runtime().value(), directory_ + "/onnxruntime/libonnxruntime.so");
}

}  // namespace
}  // namespace trawl::onnx
