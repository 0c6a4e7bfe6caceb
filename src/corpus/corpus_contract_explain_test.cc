// Goal: the parts of a score are what it is made of, to the last bit.
// Method: random documents of several fields, replaced and deleted; every version is
// searched by random queries, and each of its documents is explained, whether it was found
// or not.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "corpus/corpus_contract_test_support.h"

namespace trawl::corpus_contract_explain_test {
namespace {

using namespace test;

constexpr const char* kPlain = "trawl://all@v1/text";
constexpr const char* kDetecting = "trawl://detecting@v1/text";

class Words {
 public:
  explicit Words(unsigned seed) : random_(seed) {}
  std::size_t pick(std::size_t count) { return random_() % count; }
  std::string some(std::size_t max) {
    static constexpr const char* kSome[] = {"alder",    "beeches", "Cherry", "dogwood",
                                            "elms",     "fir",     "42",     "running",
                                            "ElmTree7", "der",     "und",    "wird"};
    std::string text;
    for (std::size_t n = pick(max + 1); n > 0; --n) {
      text += kSome[std::min(pick(12), pick(12))];
      text += ' ';
    }
    return text;
  }
  json::object document() {
    json::object out{{"title", some(4)}, {"n", 42}, {"other", some(3)}};
    if (pick(3) > 0) out["tags"] = json::array{some(2), {{"name", some(2)}}, 42};
    if (pick(3) > 0) out["text"] = some(30);
    return out;
  }

 private:
  std::mt19937 random_;
};

// Adds up as the header says, from the figures alone.
void expect_sums(const ScoreParts& parts) {
  EXPECT_NEAR(parts.norm,
              parts.k1 * (1 - parts.b + parts.b * parts.length / parts.average_length),
              1e-12);
  double sum = 0;
  for (const TermScore& term : parts.terms) {
    SCOPED_TRACE(term.term);
    sum += term.score;
    if (term.tf == 0) {
      EXPECT_EQ(term.score, 0);
      EXPECT_TRUE(term.fields.empty());
      continue;
    }
    EXPECT_EQ(term.score, term.weight * term.tf / (term.tf + parts.norm));
    EXPECT_EQ(term.weight, term.query_count * term.idf * (parts.k1 + 1));
    double of_fields = 0;
    double tf = 0;
    for (const FieldShare& field : term.fields) {
      EXPECT_GT(field.occurrences, 0u);
      EXPECT_GT(field.score, 0);
      tf += static_cast<double>(field.boost) * static_cast<double>(field.occurrences);
      of_fields += field.score;
    }
    EXPECT_EQ(tf, term.tf);
    EXPECT_EQ(of_fields, term.score);
  }
  EXPECT_EQ(parts.sum, sum);
  EXPECT_EQ(parts.score, static_cast<float>(sum));
}

TEST_P(CorpusContract, APartedScoreAddsUpToThatOfTheSearch) {
  if (!traits_.exact_bm25) GTEST_SKIP() << "the engine scores as it likes";
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Words words(seed);
  Collection collection;
  collection.namespace_id = catalog_->list_namespaces().value()[0].id;
  collection.name = "fielded";
  Feature feature;
  feature.uri = kUri;
  feature.fields = {{"title", 3}, {"tags", 7}, {"text", 1}, {"n", 2}};
  feature.language = "english";
  Feature plain;
  plain.uri = kPlain;
  Feature detecting = feature;
  detecting.uri = kDetecting;
  detecting.language = "auto";
  collection.features = {feature, plain, detecting};
  id_ = catalog_->create_collection(collection).value().id;
  std::set<std::string> fields_seen;
  std::size_t explained = 0;
  for (int round = 0; round < 8; ++round) {
    std::vector<DocumentWrite> writes;
    for (int i = 0; i < 12; ++i) {
      writes.push_back({fmt::format("d{}", words.pick(40)), words.document()});
    }
    put(std::move(writes));
    const std::vector<std::string> gone = {fmt::format("d{}", words.pick(40))};
    ASSERT_TRUE(corpus_->remove(id_, gone));
  }
  const std::uint64_t newest = snapshot()->version();
  const Filter filter = filter_of(R"({"field": "title", "operator": "contains",
                                      "value": "elms"})");
  for (std::uint64_t version = traits_.versions ? 1 : newest; version <= newest;
       ++version) {
    const auto at = traits_.versions ? snapshot(version) : snapshot();
    for (int asked = 0; asked < 3; ++asked) {
      SearchRequest request;
      constexpr const char* kUris[] = {kUri, kPlain, kDetecting};
      request.feature_uri = kUris[asked];
      request.text = words.some(5) + (asked == 0 ? " nowhere 42" : "");
      request.top_k = 1000;
      if (words.pick(2) == 0) request.within = Selection::of(filter);
      SCOPED_TRACE(request.feature_uri + ": " + request.text);
      std::map<DocumentRef, float> scores;
      SearchRequest everything = request;
      everything.within = {};
      const auto hits = at->search(request, {}).value().hits;
      for (const SearchHit& hit : at->search(everything, {}).value().hits) {
        scores[hit.document] = hit.score;
      }
      for (const SearchHit& hit : hits) EXPECT_EQ(scores.at(hit.document), hit.score);
      for (const DocumentRef document : select_documents(*at, {}).value()) {
        const auto parts = at->explain(request, document, {});
        ASSERT_TRUE(parts) << parts.error().message;
        expect_sums(*parts);
        EXPECT_EQ(parts->score, scores.contains(document) ? scores[document] : 0.0F);
        EXPECT_EQ(parts->documents, at->document_count());
        EXPECT_NEAR(parts->b, request.feature_uri == kDetecting ? 0.6 : 0.75, 1e-6);
        for (const TermScore& term : parts->terms) {
          for (const FieldShare& field : term.fields) fields_seen.insert(field.path);
        }
        ++explained;
        if (HasFailure()) return;
      }
    }
  }
  EXPECT_GT(explained, 100u);
  EXPECT_EQ(fields_seen, (std::set<std::string>{"n", "other", "tags", "text", "title"}));
}

TEST_P(CorpusContract, OnlyWhatIsThereIsExplained) {
  put("a", R"({"t": "hello hello"})");
  put("b", R"({"t": "world"})");
  const auto at = snapshot();
  const DocumentRef a = at->get("a").value()->ref;
  SearchRequest request;
  request.text = "hello";
  request.feature_uri = kUri;
  if (!traits_.exact_bm25) {
    EXPECT_EQ(at->explain(request, a, {}).error().code, ErrorCode::not_enabled);
    return;
  }
  const ScoreParts parts = at->explain(request, a, {}).value();
  ASSERT_EQ(parts.terms.size(), 1u);
  EXPECT_EQ(parts.terms[0].documents, 1u);
  EXPECT_EQ(parts.terms[0].tf, 2);
  EXPECT_EQ(parts.length, 2);
  EXPECT_DOUBLE_EQ(parts.average_length, 1.5);
  request.feature_uri = "trawl://other@v1/text";
  EXPECT_EQ(at->explain(request, a, {}).error().code, ErrorCode::not_found);
  request.feature_uri = kUri;
  ASSERT_TRUE(corpus_->remove(id_, std::vector<std::string>{"a"}));
  EXPECT_EQ(snapshot()->explain(request, a, {}).error().code, ErrorCode::internal);
}

// The shares of fields add up however their sum is rounded.
TEST(ScoreParts, SharesAddUp) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    TermScore term;
    term.score = std::uniform_real_distribution<double>(1e-9, 50)(random);
    for (std::size_t n = 1 + random() % 6; n > 0; --n) {
      term.fields.push_back({"f", static_cast<std::uint32_t>(1 + random() % 10),
                             1 + random() % (random() % 7 == 0 ? 100'000 : 9), 0});
    }
    share_among_fields(term);
    double sum = 0;
    for (const FieldShare& field : term.fields) {
      sum += field.score;
      EXPECT_GT(field.score, 0);
    }
    ASSERT_EQ(sum, term.score) << round;
  }
}

}  // namespace
}  // namespace trawl::corpus_contract_explain_test
