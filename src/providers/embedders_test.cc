#include "providers/embedders.h"

#include <gtest/gtest.h>

#include "providers/models.h"

namespace trawl {
namespace {

class NamedEmbedder final : public Embedder {
 public:
  explicit NamedEmbedder(EmbeddingModel model) : model_(std::move(model)) {}
  const EmbeddingModel& model() const override { return model_; }
  bool is_local() const override { return true; }
  std::size_t batch_max() const override { return 8; }
  Result<Embeddings> embed(std::span<const std::string>, EmbeddingTask,
                           const AskContext&) const override {
    return Embeddings{};
  }

 private:
  EmbeddingModel model_;
};

EmbeddingModel some_model(std::string name, std::string revision = "1") {
  return {.provider = "test",
          .name = std::move(name),
          .revision = std::move(revision),
          .dimension = 4,
          .normalized = true,
          .query_prefix = "",
          .passage_prefix = ""};
}

std::string message_of(const Result<std::shared_ptr<const Embedder>>& result) {
  EXPECT_FALSE(result);
  if (result) return {};
  EXPECT_EQ(result.error().code, ErrorCode::not_enabled);
  return result.error().message;
}

TEST(Embedders, AreFoundByTheNameOfTheirModel) {
  Embedders embedders;
  EXPECT_EQ(
      message_of(embedders.find("one")),
      "'one' names an embedding model, and this server has none; `trawl models` lists "
      "what can be had (docs/models.md)");
  embedders.add(std::make_shared<NamedEmbedder>(some_model("one")));
  EXPECT_EQ((*embedders.find("one"))->model(), some_model("one"));
  EXPECT_EQ(message_of(embedders.find("ona")),
            "this server has no embedding model 'ona'; it has one (did you mean 'one'?)");
}

TEST(Embedders, OneThatCanBeFetchedIsMissedWithTheWayToIt) {
  const std::string message = message_of(Embedders().find(kDefaultModel));
  EXPECT_NE(message.find("`trawl models fetch all-MiniLM-L6-v2`"), std::string::npos)
      << message;
}

TEST(Embedders, VectorsOfAnotherRevisionAreNotCompared) {
  Embedders embedders;
  embedders.add(std::make_shared<NamedEmbedder>(some_model("one", "2")));
  EXPECT_TRUE(embedders.find(some_model("one", "2")));
  const std::string message = message_of(embedders.find(some_model("one", "1")));
  EXPECT_NE(message.find("revision is '1', and here it is '2'"), std::string::npos)
      << message;
}

TEST(Embedders, TheDefaultIsThereOrNot) {
  Embedders embedders;
  embedders.set_default("one");
  EXPECT_FALSE(embedders.default_model());
  embedders.add(std::make_shared<NamedEmbedder>(some_model("one")));
  ASSERT_TRUE(embedders.default_model());
  EXPECT_EQ(embedders.default_model()->name, "one");
}

TEST(Models, TheDefaultIsTheFirstOfThem) {
  ASSERT_FALSE(known_models().empty());
  EXPECT_EQ(known_models().front().name, kDefaultModel);
  EXPECT_EQ(find_known_model(kDefaultModel), &known_models().front());
  EXPECT_EQ(find_known_model("all-minilm"), nullptr);
  for (const KnownModel& model : known_models()) {
    EXPECT_EQ(model.model_sha256.size(), 64u) << model.name;
    EXPECT_EQ(model.archive_sha256.size(), 64u) << model.name;
    EXPECT_EQ(model.tokenizer_sha256.size(), 64u) << model.name;
  }
}

}  // namespace
}  // namespace trawl
