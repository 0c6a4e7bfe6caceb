#include "api/collections/feature_json.h"

#include <gtest/gtest.h>

#include "api/collections/collection_json.h"

namespace trawl::api::feature_json_test {
namespace {

class LettersEmbedder final : public Embedder {
 public:
  LettersEmbedder() {
    model_.provider = "built-in";
    model_.name = "letters";
    model_.revision = "1";
    model_.dimension = 7;
  }
  const EmbeddingModel& model() const override { return model_; }
  bool is_local() const override { return true; }
  std::size_t batch_max() const override { return 8; }
  Result<Embeddings> embed(std::span<const std::string>, EmbeddingTask,
                           const AskContext&) const override {
    return make_error(ErrorCode::unavailable, "asleep");
  }

 private:
  EmbeddingModel model_;
};

class FeatureJson : public testing::Test {
 protected:
  FeatureJson() { embedders_.add(std::make_shared<LettersEmbedder>()); }

  Result<Collection> read(std::string_view text, bool with_default = true) {
    const json::object body = parse_json(text).value().get_object();
    ObjectReader in(body, {});
    std::optional<EmbeddingModel> model;
    if (with_default) model = LettersEmbedder().model();
    return read_new_collection(in, embedders_, model);
  }
  // The features as "type URI fields", and the model.
  std::vector<std::string> features(std::string_view text, bool with_default = true) {
    std::vector<std::string> out;
    for (const Feature& feature : read(text, with_default).value().features) {
      std::string one = feature.kind == Feature::Kind::dense ? "dense " : "bm25 ";
      one += feature.uri;
      for (const auto& field : feature.fields) one += " " + field.path;
      if (feature.model) one += " by " + feature.model->name;
      out.push_back(one);
    }
    return out;
  }
  std::string refused(std::string_view feature) {
    const auto result =
        read(R"({"collection_name": "abc", "features": [)" + std::string(feature) + "]}");
    EXPECT_FALSE(result) << feature;
    return result ? "" : result.error().location;
  }

  Embedders embedders_;
};

using Texts = std::vector<std::string>;

// Goal: who says nothing gets the language of each text; null, as it is shown, is none.
TEST_F(FeatureJson, LanguageOfWords) {
  const auto language = [&](std::string_view feature) {
    const auto made =
        read(R"({"collection_name": "abc", "features": [)" + std::string(feature) + "]}");
    return made.value().features.at(0).language;
  };
  EXPECT_EQ(read(R"({"collection_name": "abc"})").value().features.at(0).language, "auto");
  EXPECT_EQ(language(R"({"fields": ["title"]})"), "auto");
  EXPECT_EQ(language(R"("trawl://bm25@v1/text")"), "auto");
  EXPECT_EQ(language(R"({"language": "auto"})"), "auto");
  EXPECT_EQ(language(R"({"language": "german"})"), "german");
  EXPECT_EQ(language(R"({"language": null})"), "");
  EXPECT_EQ(language(R"({"language": "none"})"), "");
  EXPECT_EQ(refused(R"({"language": "klingon"})"), "features[0].language");
  EXPECT_EQ(refused(R"({"language": ["german"]})"), "features[0].language");
}

TEST_F(FeatureJson, ByDefaultThereAreWordsAndWhatTheDefaultModelMakesOfThem) {
  const char* plain = R"({"collection_name": "abc"})";
  EXPECT_EQ(features(plain),
            (Texts{"bm25 trawl://bm25@v1/text", "dense trawl://dense@v1/text by letters"}));
  EXPECT_EQ(features(plain, false), Texts{"bm25 trawl://bm25@v1/text"});
  const char* mapped = R"({"collection_name": "abc", "feature_extractor": {
      "feature_extractor_name": "passthrough_extractor",
      "input_mappings": {"text": "body"}}})";
  EXPECT_EQ(features(mapped), (Texts{"bm25 trawl://bm25@v1/text body",
                                     "dense trawl://dense@v1/text body by letters"}));
  EXPECT_EQ(features(R"({"collection_name": "abc", "features": ["trawl://a@v1/b"]})"),
            Texts{"bm25 trawl://a@v1/b"});
}

// Requests that search by a model of the hosted product find what there is to find.
TEST_F(FeatureJson, TheUriOfAModelOfTheHostedProductMeansTheBestThereIs) {
  const char* text = R"({"collection_name": "abc", "feature_extractor": {
      "feature_extractor_name": "text_extractor", "version": "v2",
      "input_mappings": {"text": "body"}}})";
  EXPECT_EQ(features(text),
            (Texts{"bm25 trawl://bm25@v1/text body",
                   "dense mixpeek://text_extractor@v2/text body by letters"}));
  EXPECT_EQ(features(text, false), Texts{"bm25 mixpeek://text_extractor@v2/text body"});
}

TEST_F(FeatureJson, AModelIsNamedInEveryWay) {
  const Texts wanted = {"dense trawl://dense@v1/text by letters"};
  for (const char* feature :
       {R"("letters")", R"({"type": "dense", "model": "letters"})",
        R"({"type": "dense", "model": "letters", "dimension": 7})",
        R"({"type": "dense", "model": {"name": "letters", "provider": "built-in",
             "revision": "1"}})"}) {
    EXPECT_EQ(features(R"({"collection_name": "abc", "features": [)" +
                       std::string(feature) + "]}"),
              wanted)
        << feature;
  }
  EXPECT_EQ(features(R"({"collection_name": "abc", "features": [
                {"type": "dense", "feature_uri": "m", "model": "letters", "metric": "dot",
                 "fields": ["title", "text"]}]})"),
            Texts{"dense m title text by letters"});
}

TEST_F(FeatureJson, WhatCannotBeSaysWhere) {
  EXPECT_EQ(refused(R"("lettres")"), "features[0]");
  EXPECT_EQ(refused(R"({"type": "dense", "model": "lettres"})"), "features[0].model");
  EXPECT_EQ(refused(R"({"type": "dense", "model": 3})"), "features[0].model");
  EXPECT_EQ(refused(R"({"type": "dense", "model": {}})"), "features[0].model.name");
  EXPECT_EQ(refused(R"({"type": "dense", "model": {"name": "letters", "revision": "2"}})"),
            "features[0].model");
  EXPECT_EQ(refused(R"({"type": "dense", "model": "letters", "dimension": 8})"),
            "features[0].dimension");
  EXPECT_EQ(refused(R"({"type": "bm25", "model": "letters"})"), "features[0].model");
  EXPECT_EQ(refused(R"("letters", "letters")"), "features[1].feature_uri");
}

}  // namespace
}  // namespace trawl::api::feature_json_test
