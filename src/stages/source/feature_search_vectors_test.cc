#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "corpus/memory/memory_corpus.h"
#include "providers/embedding.h"
#include "stages/stage_test_support.h"

namespace trawl::feature_search_vectors_test {
namespace {

using namespace stage_test;

constexpr char kWords[] = "mem://words@v1/text";
constexpr char kMeaning[] = "mem://meaning@v1/text";
constexpr char kGiven[] = "mem://given@v1/vector";

// Knows that a cat and a tom are alike, and that a dog is something else.
class Zoologist final : public Embedder {
 public:
  Zoologist() {
    model_.name = "zoology";
    model_.dimension = 2;
    model_.query_prefix = "query: ";
  }
  const EmbeddingModel& model() const override { return model_; }
  bool is_local() const override { return true; }
  std::size_t batch_max() const override { return 16; }
  Result<Embeddings> embed(std::span<const std::string> texts, EmbeddingTask,
                           const AskContext&) const override {
    ++asked;
    Embeddings out;
    for (const std::string& text : texts) {
      const auto has = [&](const char* word) {
        return text.find(word) != std::string::npos ? 1.0f : 0.0f;
      };
      out.values.push_back(0.1f + std::max(has("cat"), has("tom")));
      out.values.push_back(0.1f + has("dog"));
    }
    return out;
  }
  mutable int asked = 0;

 private:
  EmbeddingModel model_;
};

class FeatureSearchVectors : public testing::Test {
 protected:
  void SetUp() override {
    providers_.add(embedding_key(zoologist_->model()), embedding_provider(zoologist_));
    Namespace ns;
    ns.name = "zoo";
    namespace_ = corpus_.create_namespace(ns).value().id;
    id_ = make("animals", true);
    put("a", R"({"text": "cat on a mat"})", {1, 0, 0});
    put("b", R"({"text": "tom the hunter"})", {0.9f, 0.1f, 0});
    put("c", R"({"text": "dog and dog"})", {0, 1, 0});
    put("d", R"({"text": "mat"})", {0, 0, 1});
  }

  CollectionId make(const std::string& name, bool with_vectors) {
    Collection collection;
    collection.name = name;
    collection.namespace_id = namespace_;
    Feature words;
    words.uri = kWords;
    collection.features.push_back(words);
    if (with_vectors) {
      Feature meaning;
      meaning.uri = kMeaning;
      meaning.kind = Feature::Kind::dense;
      meaning.dimension = 2;
      meaning.model = zoologist_->model();
      collection.features.push_back(meaning);
      Feature given;
      given.uri = kGiven;
      given.kind = Feature::Kind::dense;
      given.dimension = 3;
      collection.features.push_back(given);
    }
    return corpus_.create_collection(collection).value().id;
  }
  void put(const std::string& id, const char* fields, std::vector<float> given) {
    ASSERT_TRUE(corpus_.put(id_, {{id, parse(fields).get_object(), {{kGiven, given}}}},
                            Atomic::yes));
  }
  void embed_all() {
    std::vector<ArrivedVectors> arrived;
    for (const auto& one : corpus_.awaited_vectors(id_, kMeaning, {}, 100).value()) {
      arrived.push_back({one.document, one.text_hash,
                         zoologist_->embed({&one.text, 1}, {}, {}).value().values});
    }
    ASSERT_TRUE(corpus_.put_vectors(id_, kMeaning, std::move(arrived)));
    zoologist_->asked = 0;
  }

  Result<Ran> run(const std::string& parameters, std::vector<CollectionId> of = {}) {
    if (of.empty()) of = {id_};
    snapshots_.clear();
    for (const auto& id : of) snapshots_.push_back(corpus_.snapshot(id, {}).value());
    BindContext context;
    context.snapshots = snapshots_;
    context.first = true;
    context.providers = &providers_;
    TestRun test;
    return run_bound(*make_stage("feature_search", parameters), {}, context, test.run);
  }
  std::string found(const std::string& parameters) {
    const auto ran = run(parameters);
    EXPECT_TRUE(ran) << (ran ? "" : ran.error().message);
    return ran ? ids(ran->candidates) : "";
  }

  MemoryCorpus corpus_;
  const std::shared_ptr<Zoologist> zoologist_ = std::make_shared<Zoologist>();
  Providers providers_;
  NamespaceId namespace_;
  CollectionId id_;
  std::vector<std::shared_ptr<const Snapshot>> snapshots_;
};

TEST_F(FeatureSearchVectors, ATextIsLookedForByWordsAndByMeaning) {
  embed_all();
  const auto ran = run(R"({"query": "cat"})").value();
  // By words it finds a alone; b means the same, d and c are as far from it.
  EXPECT_EQ(ids(ran.candidates).substr(0, 3), "a b");
  EXPECT_EQ(*ran.candidates[0].score, 1.0);
  const json::array& searches = ran.metadata.at("searches").get_array();
  ASSERT_EQ(searches.size(), 2u);
  EXPECT_EQ(searches[0].at("feature_uri"), kWords);
  EXPECT_EQ(searches[1].at("feature_uri"), kMeaning);
  EXPECT_EQ(searches[1].at("documents"), 4);
  EXPECT_EQ(searches[1].at("with_vectors"), 4);
  EXPECT_EQ(ran.metadata.at("completeness").at("embeddings"), "complete");
  EXPECT_EQ(zoologist_->asked, 1);
  EXPECT_TRUE(ran.warnings.empty());
  EXPECT_TRUE(ran.candidates[0].shown.at("features").get_object().contains(kMeaning));
}

TEST_F(FeatureSearchVectors, AFeatureThatIsNamedIsSearchedAlone) {
  embed_all();
  EXPECT_EQ(found(R"({"query": "cat", "feature_uri": "mem://words@v1/text"})"), "a");
  EXPECT_EQ(zoologist_->asked, 0);
  EXPECT_EQ(
      found(R"({"query": "cat", "feature_uri": "mem://meaning@v1/text", "limit": 2})"),
      "a b");
  EXPECT_EQ(found(R"({"query": "cat", "lexical": true})"), "a");
  // The feature says which collections.
  EXPECT_EQ(found(R"({"query": "cat", "lexical": true,
                      "feature_uri": "mem://meaning@v1/text"})"),
            "a");
  EXPECT_EQ(found(R"({"query": "cat", "lexical": false, "limit": 2})"), "a b");
  // Each weight alone leaves the other out.
  EXPECT_EQ(found(R"({"query": "cat", "dense_weight": 0})"), "a");
  EXPECT_EQ(found(R"({"query": "mat", "dense_weight": 1, "limit": 1, "min_score": 0.99})"),
            "d");
}

TEST_F(FeatureSearchVectors, VectorsAreLookedForByThemselves) {
  const std::string uri = R"("feature_uri": "mem://given@v1/vector")";
  EXPECT_EQ(found(R"({"searches": [{)" + uri + R"(, "query": {"input_mode": "vector",
                      "value": [1, 0, 0]}, "top_k": 2}]})"),
            "a b");
  EXPECT_EQ(found(R"({"searches": [{"query": [0, 0, 2], "top_k": 1}]})"), "d");
  EXPECT_EQ(found(R"({"searches": [{"query": {"vector": [0, 1, 0]}, "top_k": 1}]})"), "c");
  // Several vectors: the sum of the best of each.
  EXPECT_EQ(found(R"({"searches": [{"query": {"input_mode": "vector",
                      "value": [[0, 1, 0], [0, 1, 0.1]]}, "top_k": 1}]})"),
            "c");
  EXPECT_EQ(found(R"({"searches": [{"query": [1, 0, 0], "min_score": 0.9}]})"), "a b");
  // Of a document; itself first.
  EXPECT_EQ(found(R"({"searches": [{)" + uri + R"(, "query": {"input_mode": "document",
                      "document_ref": {"document_id": "b"}}, "top_k": 2}]})"),
            "b a");
  EXPECT_EQ(zoologist_->asked, 0);
}

TEST_F(FeatureSearchVectors, WhatIsNoQueryOfTheFeatureIsRefusedByItsPlace) {
  const auto error = [&](const std::string& parameters) {
    const auto ran = run(parameters);
    EXPECT_FALSE(ran) << parameters;
    return ran ? Error{} : ran.error();
  };
  EXPECT_EQ(error(R"({"searches": [{"query": [1, 2, 3, 4]}]})").code, ErrorCode::invalid);
  EXPECT_EQ(error(R"({"searches": [{"query": [1, 2], "feature_uri":
                      "mem://given@v1/vector"}]})")
                .location,
            "stages[0].config.parameters.searches[0].query");
  EXPECT_EQ(error(R"({"searches": [{"query": {"value": [0, 0, 0]}, "feature_uri":
                      "mem://given@v1/vector"}]})")
                .location,
            "stages[0].config.parameters.searches[0].query.value");
  EXPECT_EQ(error(R"({"searches": [{"query": [1e300, 0, 0]}]})").code, ErrorCode::invalid);
  EXPECT_EQ(error(R"({"query": "a", "feature_uri": "mem://given@v1/vector"})").location,
            "stages[0].config.parameters.query");
  EXPECT_EQ(error(R"({"query": [1, 0, 0], "feature_uri": "mem://words@v1/text"})").code,
            ErrorCode::invalid);
  EXPECT_EQ(error(R"({"query": {"document_ref": {"document_id": "zzz"}},
                      "feature_uri": "mem://given@v1/vector"})")
                .code,
            ErrorCode::not_found);
  // A vector fits both or none: it must be named.
  EXPECT_EQ(error(R"({"query": {"document_ref": {"document_id": "a"}}})").location,
            "stages[0].config.parameters.feature_uri");
  const auto location = [](const char* parameters) {
    return read_error("feature_search", parameters).location;
  };
  const std::string base(kLocation);
  EXPECT_EQ(location(R"({"query": [1, "2"]})"), base + ".query[1]");
  EXPECT_EQ(location(R"({"query": [[1, 2], [3]]})"), base + ".query[1]");
  EXPECT_EQ(location(R"({"query": [1, [2]]})"), base + ".query[1]");
  EXPECT_EQ(location(R"({"query": [[1], 2]})"), base + ".query[1]");
  EXPECT_EQ(location(R"({"query": []})"), base + ".query");
  EXPECT_EQ(location(R"({"query": [1, 2], "lexical": true})"), base + ".lexical");
  EXPECT_EQ(location(R"({"query": {"input_mode": "vector", "value": "x"}})"),
            base + ".query.value");
}

TEST_F(FeatureSearchVectors, WordsStandInWhereThereAreNoVectorsAndSayIt) {
  const CollectionId plain = make("plain", false);
  ASSERT_TRUE(corpus_.put(plain, {{"p", parse(R"({"text": "cat"})").get_object(), {}}},
                          Atomic::yes));
  auto ran = run(R"({"query": "cat", "lexical": false})", {plain}).value();
  EXPECT_EQ(ids(ran.candidates), "p");
  ASSERT_EQ(ran.warnings.size(), 1u);
  EXPECT_NE(ran.warnings[0].find("searched by words"), std::string::npos);
  // One with vectors beside it: words of both, meaning of one.
  embed_all();
  ran = run(R"({"query": "cat"})", {plain, id_}).value();
  EXPECT_TRUE(ran.warnings.empty());
  EXPECT_EQ(ran.candidates.size(), 5u);
}

TEST_F(FeatureSearchVectors, WhatHasNoVectorsYetIsSaid) {
  auto ran = run(R"({"query": "cat"})").value();
  EXPECT_EQ(ids(ran.candidates), "a");
  EXPECT_EQ(ran.metadata.at("completeness").at("embeddings"), "partial");
  EXPECT_EQ(ran.metadata.at("searches").at(1).at("with_vectors"), 0);
  ran = run(R"({"searches": [
      {"query": "cat", "feature_uri": "mem://meaning@v1/text", "optional": true},
      {"query": "cat", "feature_uri": "mem://words@v1/text"}]})")
            .value();
  EXPECT_EQ(ids(ran.candidates), "a");
  EXPECT_EQ(ran.warnings.size(), 1u);
  // It is the second that was made, and candidates name it so.
  EXPECT_EQ(ran.metadata.at("searches").at(0).at("search"), 1);
  EXPECT_EQ(run(R"({"searches": [{"query": "cat", "optional": true,
                    "feature_uri": "mem://meaning@v1/text"}]})")
                .error()
                .code,
            ErrorCode::invalid);
}

TEST_F(FeatureSearchVectors, AModelThatIsNotThereIsNamed) {
  providers_ = {};
  const auto ran = run(R"({"query": "cat"})");
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, ErrorCode::not_enabled);
  EXPECT_NE(ran.error().message.find("zoology"), std::string::npos);
  EXPECT_EQ(found(R"({"query": "cat", "lexical": true})"), "a");
}

TEST_F(FeatureSearchVectors, ALoweredBoundIsSaid) {
  const auto ran = run(R"({"searches": [{"query": "cat", "lexical": true, "top_k": 7}],
                           "final_top_k": 9})")
                       .value();
  const json::value& limit = ran.metadata.at("limits").at(0);
  EXPECT_EQ(limit.at("name"), "final_top_k");
  EXPECT_EQ(limit.at("requested"), 9);
  EXPECT_EQ(limit.at("applied"), 7);
}

}  // namespace
}  // namespace trawl::feature_search_vectors_test
