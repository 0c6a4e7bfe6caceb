#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "corpus/corpus_contract_test_support.h"

namespace trawl::corpus_contract_vectors_test {
namespace {

using namespace test;

constexpr char kDense[] = "trawl://vectors@v1/a";

Feature dense_feature(std::uint32_t dimension, Metric metric, bool with_model = false) {
  Feature feature;
  feature.uri = kDense;
  feature.kind = Feature::Kind::dense;
  feature.dimension = dimension;
  feature.metric = metric;
  if (with_model) {
    EmbeddingModel model;
    model.name = "letters";
    model.dimension = dimension;
    feature.model = model;
  }
  return feature;
}

// Counts a, b and c: a model that everyone can follow.
std::vector<float> embed(const std::string& text) {
  std::vector<float> out{0.25f, 0, 0};
  for (const char c : text) {
    if (c >= 'a' && c <= 'c') out[static_cast<std::size_t>(c - 'a')] += 1;
  }
  return out;
}

class CorpusVectors : public CorpusContract {
 protected:
  void SetUp() override {
    if (!traits_.vectors) GTEST_SKIP() << "no vectors";
  }
  Result<Collection> add(Feature feature) {
    const Collection collection = snapshot()->collection();
    return catalog_->add_feature(collection.namespace_id, collection.name,
                                 std::move(feature));
  }
  void put_with(const std::string& id, std::string_view fields, std::vector<float> values) {
    put({{id, object_of(fields), {{kDense, std::move(values)}}}});
  }
  static std::vector<std::string> found(const Snapshot& snapshot, std::vector<float> query,
                                        std::uint32_t top_k = 100, Selection within = {}) {
    SearchRequest request;
    request.feature_uri = kDense;
    request.vectors = std::move(query);
    request.top_k = top_k;
    request.within = std::move(within);
    std::vector<DocumentRef> refs;
    for (const SearchHit& hit : snapshot.search(request, {}).value().hits) {
      refs.push_back(hit.document);
      EXPECT_EQ(snapshot.similarity(request, hit.document, {}).value(), hit.score);
    }
    std::vector<std::string> ids;
    for (const Document& document : fetch_documents(snapshot, refs).value()) {
      ids.push_back(document.document_id);
    }
    return ids;
  }
  // What the server does for all that wait, in one go.
  std::size_t embed_awaited() {
    std::vector<ArrivedVectors> arrived;
    for (const auto& one : corpus_->awaited_vectors(id_, kDense, {}, 1000).value()) {
      arrived.push_back({one.document, one.text_hash,
                         one.text.empty() ? std::vector<float>() : embed(one.text)});
    }
    const std::size_t count = arrived.size();
    EXPECT_TRUE(corpus_->put_vectors(id_, kDense, std::move(arrived)));
    return count;
  }
  std::vector<std::string> awaited() {
    std::vector<std::string> texts;
    for (const auto& one : corpus_->awaited_vectors(id_, kDense, {}, 1000).value()) {
      texts.push_back(one.text);
    }
    return texts;
  }
};

using Ids = std::vector<std::string>;

// Goal: of random writes, every version finds what a look at all of its vectors finds.
// Method: a map for each version; three metrics; filters; some documents have several
// vectors, and some none.
TEST_P(CorpusVectors, EveryVersionFindsWhatItsVectorsSay) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  const Metric metric = std::vector{Metric::cosine, Metric::dot, Metric::l2}[rng() % 3];
  // In one dimension all cosines are 1 or -1.
  const auto dimension =
      static_cast<std::uint32_t>((metric == Metric::cosine ? 2 : 1) + rng() % 8);
  ASSERT_TRUE(add(dense_feature(dimension, metric)));
  std::normal_distribution<float> normal;
  const auto some = [&](std::size_t count) {
    std::vector<float> out(count * dimension);
    for (float& value : out) value = normal(rng);
    return out;
  };
  struct Stored {
    std::vector<float> values;
    bool odd = false;
  };
  std::map<std::string, Stored> now;
  std::vector<std::map<std::string, Stored>> versions(snapshot()->version() + 1);
  for (int step = 0; step < 60; ++step) {
    const std::string id = "d" + std::to_string(rng() % 20);
    const bool odd = rng() % 2 != 0;
    const std::string fields = odd ? R"({"odd": true})" : R"({"odd": false})";
    const auto what = rng() % 10;
    if (what < 6) {
      const std::vector<float> values = some(rng() % 4);
      if (values.empty()) {
        put(id, fields);
      } else {
        put_with(id, fields, values);
      }
      now[id] = {values, odd};
    } else if (what < 8 && now.count(id) > 0) {
      if (now[id].odd == odd) continue;
      // A change keeps the vectors.
      ASSERT_TRUE(
          corpus_->update(id_, id, [&](json::object& fields_of, auto&) -> Result<void> {
            fields_of["odd"] = odd;
            return {};
          }));
      now[id].odd = odd;
    } else if (now.count(id) > 0) {
      ASSERT_TRUE(corpus_->remove(id_, std::vector{id}));
      now.erase(id);
    } else {
      continue;
    }
    versions.push_back(now);
    ASSERT_EQ(snapshot()->version() + 1, versions.size());
  }
  const Filter odd = filter_of(R"({"field": "odd", "operator": "eq", "value": true})");
  for (std::uint64_t version = 2; version < versions.size(); ++version) {
    const auto then = snapshot(version);
    const std::vector<float> query = some(1 + rng() % 2);
    const bool filtered = rng() % 2 != 0;
    std::vector<std::pair<double, std::string>> expected;
    for (const auto& [id, stored] : versions[version]) {
      if (stored.values.empty() || (filtered && !stored.odd)) continue;
      double sum = 0;
      for (std::size_t q = 0; q < query.size(); q += dimension) {
        double best = -1e30;
        for (std::size_t v = 0; v < stored.values.size(); v += dimension) {
          double dot = 0, a = 0, b = 0, distance = 0;
          for (std::uint32_t i = 0; i < dimension; ++i) {
            const double x = query[q + i], y = stored.values[v + i];
            dot += x * y;
            a += x * x;
            b += y * y;
            distance += (x - y) * (x - y);
          }
          best = std::max(best, metric == Metric::cosine ? dot / std::sqrt(a * b)
                                : metric == Metric::dot  ? dot
                                                         : 1 / (1 + std::sqrt(distance)));
        }
        sum += best;
      }
      expected.emplace_back(-sum, id);
    }
    std::sort(expected.begin(), expected.end());
    // Near ties may fall either way; there are none among numbers like these but by chance.
    Ids ids;
    for (const auto& [score, id] : expected) ids.push_back(id);
    if (ids.size() > 7) ids.resize(7);
    EXPECT_EQ(found(*then, query, 7, filtered ? Selection::of(odd) : Selection{}), ids)
        << "version " << version << ", dimension " << dimension;
  }
}

TEST_P(CorpusVectors, GivenVectorsAreReadAsTheyWereGivenAndLostWithTheDocument) {
  ASSERT_TRUE(add(dense_feature(3, Metric::cosine)));
  put_with("a", R"({"n": 1})", {1, 2, 3});
  const auto first = snapshot();
  put("a", R"({"n": 2})");
  const auto second = snapshot();
  const auto ref = [](const Snapshot& at) { return at.get("a").value()->ref; };
  EXPECT_EQ(first->vectors(kDense, ref(*first)).value(), (std::vector<float>{1, 2, 3}));
  EXPECT_TRUE(second->vectors(kDense, ref(*second)).value().empty());
  EXPECT_EQ(found(*first, {1, 0, 0}), Ids{"a"});
  EXPECT_EQ(found(*second, {1, 0, 0}), Ids{});
  EXPECT_EQ(first->vector_share(kDense).value().with_vectors, 1u);
  EXPECT_EQ(second->vector_share(kDense).value().with_vectors, 0u);
}

TEST_P(CorpusVectors, AChangeMayBringVectors) {
  ASSERT_TRUE(add(dense_feature(2, Metric::cosine)));
  put_with("a", R"({"n": 1})", {1, 0});
  put_with("b", R"({"n": 1})", {1, 0});
  const auto vectors = [&](const char* id) {
    const auto now = snapshot();
    return now->vectors(kDense, now->get(id).value()->ref).value();
  };
  // Also where the fields stay as they are.
  ASSERT_TRUE(corpus_->update(id_, "a", [](json::object&, auto& given) -> Result<void> {
    given.push_back({kDense, {0, 1}});
    return {};
  }));
  EXPECT_EQ(vectors("a"), (std::vector<float>{0, 1}));
  EXPECT_EQ(found(*snapshot(), {0, 1}), (Ids{"a", "b"}));
  // Of a document that is changed twice in one call, the last ones.
  const std::vector<std::string> ids = {"b", "a", "b"};
  ASSERT_TRUE(corpus_->update_many(
      id_, ids, [](std::size_t i, json::object& fields, auto& given) -> Result<void> {
        fields["n"] = i;
        if (i != 1) given.push_back({kDense, {static_cast<float>(i), 2}});
        return {};
      }));
  EXPECT_EQ(vectors("a"), (std::vector<float>{0, 1}));
  EXPECT_EQ(vectors("b"), (std::vector<float>{2, 2}));
  const auto before = snapshot()->version();
  const auto refused =
      corpus_->update(id_, "a", [](json::object&, auto& given) -> Result<void> {
        given.push_back({kDense, {0, 1, 2}});
        return {};
      });
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_EQ(refused.error().location, std::string("vectors.") + kDense);
  EXPECT_EQ(snapshot()->version(), before);
}

TEST_P(CorpusVectors, WhatIsNoVectorOfTheFeatureIsRefused) {
  ASSERT_TRUE(add(dense_feature(2, Metric::cosine)));
  const float nan = std::nanf("");
  const std::vector<std::pair<std::vector<float>, std::string>> cases = {
      {{1}, "documents[1].vectors.trawl://vectors@v1/a"},
      {{1, 2, 3}, "documents[1].vectors.trawl://vectors@v1/a"},
      {{}, "documents[1].vectors.trawl://vectors@v1/a"},
      {{1, nan}, "documents[1].vectors.trawl://vectors@v1/a"},
      {{1, INFINITY}, "documents[1].vectors.trawl://vectors@v1/a"},
      {{0, 0}, "documents[1].vectors.trawl://vectors@v1/a"},
      {{1, 1, 0, 0}, "documents[1].vectors.trawl://vectors@v1/a[1]"},
  };
  for (const auto& [values, location] : cases) {
    auto refused = corpus_->put(
        id_, {{"a", object_of("{}")}, {"b", object_of("{}"), {{kDense, values}}}},
        Atomic::yes);
    ASSERT_FALSE(refused) << values.size();
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_EQ(refused.error().location, location) << refused.error().message;
    EXPECT_EQ(snapshot()->document_count(), 0u);
  }
  // Without Atomic the others are stored.
  const auto outcomes = corpus_->put(
      id_,
      {{"a", object_of("{}"), {{kDense, {1, 0}}}}, {"b", object_of("{}"), {{kUri, {1}}}}},
      Atomic::no);
  ASSERT_TRUE(outcomes);
  EXPECT_FALSE((*outcomes)[0].error);
  EXPECT_TRUE((*outcomes)[1].error);
  SearchRequest request;
  request.feature_uri = kDense;
  for (const std::vector<float>& query :
       {std::vector<float>{}, std::vector<float>{1}, std::vector<float>{0, 0},
        std::vector<float>{nan, 1}}) {
    request.vectors = query;
    EXPECT_EQ(snapshot()->search(request, {}).error().code, ErrorCode::invalid);
  }
}

TEST_P(CorpusVectors, TheArrivalOfAVectorIsAVersion) {
  ASSERT_TRUE(add(dense_feature(3, Metric::cosine, true)));
  put("a", R"({"text": "aaa"})");
  put("b", R"({"text": "bbb"})");
  put("none", R"({"n": 1})");
  const auto before = snapshot();
  EXPECT_EQ(found(*before, {0, 1, 0}), Ids{});
  EXPECT_EQ(awaited(), (Ids{"aaa", "bbb", ""}));
  EXPECT_EQ(corpus_->vector_progress(id_, kDense).value().awaited, 3u);
  EXPECT_EQ(corpus_->vector_progress(id_, kDense).value().with_vectors, 0u);
  EXPECT_EQ(embed_awaited(), 3u);
  const auto after = snapshot();
  EXPECT_EQ(after->version(), before->version() + 1);
  EXPECT_EQ(found(*after, {0, 1, 0}), (Ids{"b", "a"}));
  EXPECT_EQ(found(*before, {0, 1, 0}), Ids{});
  EXPECT_EQ(found(*snapshot(before->version()), {0, 1, 0}), Ids{});
  EXPECT_EQ(corpus_->vector_progress(id_, kDense).value().awaited, 0u);
  EXPECT_EQ(corpus_->vector_progress(id_, kDense).value().first_awaited, std::nullopt);
  // One has no text.
  EXPECT_EQ(corpus_->vector_progress(id_, kDense).value().with_vectors, 2u);
  EXPECT_EQ(embed_awaited(), 0u);
  EXPECT_EQ(snapshot()->version(), after->version());

  // The same text again brings its vectors along; another one waits.
  put("a", R"({"text": "aaa", "n": 2})");
  EXPECT_EQ(found(*snapshot(), {1, 0, 0}), (Ids{"a", "b"}));
  put("a", R"({"text": "ccc", "n": 2})");
  EXPECT_EQ(found(*snapshot(), {1, 0, 0}), Ids{"b"});
  EXPECT_EQ(awaited(), Ids{"ccc"});
  // Of the text of another document it is known already.
  put("twin", R"({"text": "bbb"})");
  const auto waiting = corpus_->awaited_vectors(id_, kDense, {}, 10).value();
  ASSERT_EQ(waiting.size(), 2u);
  const VectorProgress progress = corpus_->vector_progress(id_, kDense).value();
  EXPECT_EQ(progress.first_awaited, waiting[0].document);
  EXPECT_EQ(progress.newest, waiting[1].document);
  EXPECT_TRUE(waiting[0].known.empty());
  EXPECT_EQ(waiting[1].known, embed("bbb"));
  EXPECT_EQ(corpus_->awaited_vectors(id_, kDense, waiting[0].document, 10).value().size(),
            1u);
  // What is gone by the time that its vectors arrive is left out.
  ASSERT_TRUE(corpus_->remove(id_, std::vector<std::string>{"twin"}));
  ASSERT_TRUE(corpus_->put_vectors(
      id_, kDense, {{waiting[1].document, waiting[1].text_hash, waiting[1].known}}));
  EXPECT_EQ(found(*snapshot(), {1, 0, 0}), Ids{"b"});
  // A feature with a model takes no others.
  EXPECT_FALSE(
      corpus_->put(id_, {{"x", object_of("{}"), {{kDense, {1, 2, 3}}}}}, Atomic::yes));
}

TEST_P(CorpusVectors, AFeatureThatIsAddedServesWhenItIsComplete) {
  put("a", R"({"text": "aaa"})");
  put("b", R"({"text": "bbb"})");
  ASSERT_TRUE(add(dense_feature(3, Metric::cosine, true)));
  SearchRequest request;
  request.feature_uri = kDense;
  request.vectors = {1, 0, 0};
  EXPECT_EQ(snapshot()->search(request, {}).error().code, ErrorCode::not_found);
  EXPECT_EQ(snapshot()->collection().features.size(), 1u);
  EXPECT_FALSE(corpus_->vector_progress(id_, kDense).value().is_serving);
  // Those that have come are counted before they are searched.
  const auto first = corpus_->awaited_vectors(id_, kDense, {}, 1).value();
  ASSERT_TRUE(corpus_->put_vectors(
      id_, kDense, {{first[0].document, first[0].text_hash, embed(first[0].text)}}));
  EXPECT_EQ(corpus_->vector_progress(id_, kDense).value().with_vectors, 1u);
  EXPECT_FALSE(corpus_->vector_progress(id_, kDense).value().is_serving);
  EXPECT_FALSE(add(dense_feature(3, Metric::cosine, true)));  // It is on its way.
  const auto before = snapshot();
  embed_awaited();
  EXPECT_TRUE(corpus_->vector_progress(id_, kDense).value().is_serving);
  EXPECT_EQ(found(*snapshot(), {1, 0, 0}), (Ids{"a", "b"}));
  EXPECT_EQ(snapshot()->collection().features.size(), 2u);
  EXPECT_EQ(before->collection().features.size(), 1u);
  EXPECT_EQ(snapshot(before->version())->collection().features.size(), 1u);

  // Another model: the old one serves until the new one is complete.
  Feature other = dense_feature(3, Metric::dot, true);
  other.model->name = "other letters";
  ASSERT_TRUE(add(other));
  const auto between = snapshot();
  EXPECT_EQ(between->collection().features.back().model->name, "letters");
  EXPECT_EQ(found(*between, {1, 0, 0}), (Ids{"a", "b"}));
  embed_awaited();
  ASSERT_EQ(snapshot()->collection().features.size(), 2u);
  EXPECT_EQ(snapshot()->collection().features.back().model->name, "other letters");
  EXPECT_EQ(between->collection().features.back().model->name, "letters");
  EXPECT_EQ(found(*snapshot(between->version()), {1, 0, 0}), (Ids{"a", "b"}));

  EXPECT_EQ(add(Feature{}).error().code, ErrorCode::invalid);
  Feature taken = dense_feature(3, Metric::cosine);
  taken.uri = kUri;
  EXPECT_EQ(add(taken).error().code, ErrorCode::already_exists);
  EXPECT_EQ(add(dense_feature(0, Metric::cosine)).error().code, ErrorCode::invalid);
  // One without a model would begin without the vectors of this one.
  EXPECT_EQ(add(dense_feature(3, Metric::cosine)).error().code, ErrorCode::already_exists);
  EXPECT_EQ(found(*snapshot(), {1, 0, 0}), (Ids{"a", "b"}));
}

INSTANTIATE_TEST_SUITE_P(Engines, CorpusVectors, testing::ValuesIn(corpus_backends()),
                         [](const auto& engine) { return engine.param.name; });

}  // namespace
}  // namespace trawl::corpus_contract_vectors_test
