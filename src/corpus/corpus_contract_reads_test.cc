#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "corpus/corpus_contract_test_support.h"
#include "corpus/memory/memory_corpus.h"

namespace trawl::corpus_contract_reads_test {
namespace {

using namespace test;

TEST_P(CorpusContract, SearchNamesFeaturesThatExist) {
  put("a", R"({"t": "hello"})");
  SearchRequest request;
  request.feature_uri = "trawl://other@v1/text";
  const auto result = snapshot()->search(request, {});
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().code, ErrorCode::not_found);
  EXPECT_NE(result.error().message.find(kUri), std::string::npos);
}

TEST_P(CorpusContract, FieldsOfAFeatureDecideWhatIsFound) {
  Collection collection;
  collection.namespace_id = catalog_->list_namespaces().value()[0].id;
  collection.name = "fielded";
  Feature feature;
  feature.uri = kUri;
  feature.fields = {{"title", 5}, {"tags", 1}, {"more", 1}};
  collection.features.push_back(feature);
  id_ = catalog_->create_collection(collection).value().id;
  put("title", R"({"title": "walnut", "other": "secret"})");
  put("tags", R"({"tags": ["oak walnut", 42, {"name": "pine"}], "other": "secret"})");
  put("more", R"({"more": {"deep": ["maple", 7]}, "title": 2024})");
  const auto at = snapshot();
  EXPECT_EQ(hits(*at, "secret"), 0u);
  EXPECT_EQ(hits(*at, "oak"), 1u);
  EXPECT_EQ(hits(*at, "pine"), 1u);
  EXPECT_EQ(hits(*at, "42"), 1u);
  EXPECT_EQ(hits(*at, "maple"), 1u);
  EXPECT_EQ(hits(*at, "2024"), 1u);
  EXPECT_EQ(hits(*at, "7"), 0u);
  SearchRequest request;
  request.feature_uri = kUri;
  request.text = "walnut";
  const auto rows = at->search(request, {}).value().hits;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(fetch_documents(*at, std::vector{rows[0].document}).value()[0].document_id,
            "title");  // It weighs more.
}

TEST_P(CorpusContract, ScanStopsWhereItIsToldAndChecksNowAndThen) {
  std::vector<DocumentWrite> documents;
  for (int i = 0; i < 1'000; ++i) documents.push_back({fmt::format("d{}", i), {}});
  ASSERT_TRUE(corpus_->put(id_, std::move(documents), Atomic::yes));
  int visited = 0;
  EXPECT_TRUE(
      scan_documents(*snapshot(), {}, {}, {}, [&](Document&&) { return ++visited < 10; }));
  EXPECT_EQ(visited, 10);

  const Checkpoint late = []() -> Result<void> {
    return make_error(ErrorCode::budget_exhausted, "time is up");
  };
  visited = 0;
  const auto scanned = scan_documents(*snapshot(), {}, {}, late, [&](Document&&) {
    ++visited;
    return true;
  });
  EXPECT_EQ(scanned.error().code, ErrorCode::budget_exhausted);
  EXPECT_LT(visited, 1'000);
  const Filter filter = filter_of(R"({"a": 1})");
  EXPECT_EQ(select_documents(*snapshot(), Selection::of(filter), late).error().code,
            ErrorCode::budget_exhausted);

  // Few of them and far apart, all, and in an order of their own.
  const auto all = select_documents(*snapshot(), {}).value();
  ASSERT_EQ(all.size(), 1'000u);
  std::vector<std::size_t> every(all.size());
  std::iota(every.begin(), every.end(), 0);
  for (const std::vector<std::size_t>& places :
       {std::vector<std::size_t>{3, 500, 999}, every,
        std::vector<std::size_t>{7, 6, 5, 5, 8}}) {
    std::vector<DocumentRef> wanted;
    for (const std::size_t place : places) wanted.push_back(all[place]);
    const auto found = fetch_documents(*snapshot(), wanted).value();
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].ref, wanted[i]);
      EXPECT_EQ(found[i].document_id, fmt::format("d{}", places[i]));
    }
  }
  EXPECT_EQ(
      fetch_documents(*snapshot(), std::vector<DocumentRef>{all.back() + 1}).error().code,
      ErrorCode::internal);
}

// As text a document is what it is as an object, and one may stop at any.
TEST_P(CorpusContract, DocumentsAreReadAsText) {
  std::vector<DocumentWrite> documents;
  for (int i = 0; i < 100; ++i) {
    documents.push_back(
        {fmt::format("d\"{}", i),
         object_of(fmt::format(R"({{"n": {}, "x": [1.0, -0.0, 1e300, "ä\u0000\n", null]}})",
                               i))});
  }
  documents.push_back({"empty", {}});
  put(std::move(documents));
  const auto all = select_documents(*snapshot(), {}).value();
  std::vector<DocumentRef> wanted(all.rbegin(), all.rend());
  wanted.push_back(all[50]);
  const auto objects = fetch_documents(*snapshot(), wanted).value();
  std::size_t next = 0;
  const auto visit = [&](std::size_t place, std::string_view id, std::string_view fields) {
    EXPECT_EQ(place, next++);
    EXPECT_EQ(id, objects[place].document_id);
    EXPECT_EQ(fields, to_json_text(json::value(objects[place].fields)));
    return true;
  };
  ASSERT_TRUE(snapshot()->fetch_text(wanted, {}, visit));
  EXPECT_EQ(next, wanted.size());
  std::size_t seen = 0;
  const auto three = [&](std::size_t, std::string_view, std::string_view) {
    return ++seen < 3;
  };
  ASSERT_TRUE(snapshot()->fetch_text(wanted, {}, three));
  EXPECT_EQ(seen, 3u);
}

TEST_P(CorpusContract, ASelectionIsAnyListOfWhichAllFiltersPass) {
  for (int i = 0; i < 40; ++i) {
    put(fmt::format("d{}", i), fmt::format(R"({{"n": {}, "m": {}}})", i % 4, i % 5));
  }
  const Filter n = filter_of(R"({"n": 1})");
  const Filter m = filter_of(R"({"m": 2})");
  const auto count = [&](std::vector<Selection::AllOf> any_of) {
    return select_documents(*snapshot(), {std::move(any_of)}).value().size();
  };
  EXPECT_EQ(count({{}}), 40u);
  EXPECT_EQ(count({{&n}}), 10u);
  EXPECT_EQ(count({{&n, &m}}), 2u);
  EXPECT_EQ(count({{&n}, {&m}}), 16u);
  EXPECT_EQ(count({{&n, &m}, {}}), 40u);
  EXPECT_EQ(count({}), 0u);
}

TEST_P(CorpusContract, MatchingGrowsWithTheCollection) {
  put("a", R"({"n": 1})");
  put("b", R"({"n": 2})");
  const Filter filter = filter_of(R"({"n": 1})");
  const auto early = snapshot();
  EXPECT_EQ(count_of(*early, filter), 1u);
  put("c", R"({"n": 1})");
  const auto middle = snapshot();
  EXPECT_EQ(count_of(*middle, filter), 2u);
  put("a", R"({"n": 5})");
  EXPECT_EQ(count_of(*snapshot(), filter), 1u);
  if (!traits_.versions) return;
  // Earlier versions still see what they saw.
  EXPECT_EQ(count_of(*middle, filter), 2u);
  EXPECT_EQ(count_of(*early, filter), 1u);
}

json::object random_text(std::mt19937& rng) {
  static constexpr const char* kSome[] = {"alder",   "beech", "cherry",
                                          "dogwood", "elm",   "fir"};
  std::string text;
  for (auto n = rng() % 12; n > 0; --n) {
    text += kSome[std::min(rng() % 6, rng() % 6)];
    text += ' ';
  }
  return {{"t", text}, {"n", static_cast<std::int64_t>(rng() % 3)}};
}

// Goal: ranks and scores are what scoring every document gives, whatever was replaced and
// deleted before, for one word and for several, with and without a filter.
TEST_P(CorpusContract, ScoresAreThoseOfTheReference) {
  if (!traits_.exact_bm25) GTEST_SKIP() << "the engine scores as it likes";
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(seed);
  std::mt19937 rng(seed);
  MemoryCorpus reference(clock_);
  const CollectionId same = make_collection(reference);
  const Filter filter = filter_of(R"({"n": 1})");
  for (int round = 0; round < 6; ++round) {
    std::vector<DocumentWrite> writes;
    for (int i = 0; i < 20; ++i) {
      writes.push_back({fmt::format("d{}", rng() % 60), random_text(rng)});
    }
    const std::vector<std::string> gone = {fmt::format("d{}", rng() % 60)};
    for (Corpus* corpus : {corpus_, static_cast<Corpus*>(&reference)}) {
      const CollectionId& id = corpus == corpus_ ? id_ : same;
      ASSERT_TRUE(corpus->put(id, writes, Atomic::yes));
      ASSERT_TRUE(corpus->remove(id, gone));
    }
    const auto at = snapshot();
    const auto expected = reference.snapshot(same, {}).value();
    for (const char* text : {"elm", "alder", "beech fir", "fir elm fir dogwood", "none"}) {
      for (const Selection& within : {Selection(), Selection::of(filter)}) {
        SCOPED_TRACE(text);
        const auto scores = [&](const Snapshot& of) {
          std::map<std::string, float> all;
          float last = 1e9F;
          for (const SearchHit& hit : search(of, text, within)) {
            EXPECT_LE(hit.score, last);
            last = hit.score;
            const std::vector one = {hit.document};
            all[fetch_documents(of, one).value()[0].document_id] = hit.score;
          }
          return all;
        };
        const auto found = scores(*at);
        const auto wanted = scores(*expected);
        ASSERT_EQ(found.size(), wanted.size());
        for (const auto& [id, score] : wanted) {
          ASSERT_EQ(found.count(id), 1u) << id;
          EXPECT_NEAR(found.at(id), score, 1e-5F) << id;
        }
      }
    }
  }
}

TEST_P(CorpusContract, TiesAreInTheOrderOfArrival) {
  if (!traits_.exact_bm25) GTEST_SKIP() << "the engine scores as it likes";
  for (const char* id : {"c", "a", "d", "b"}) put(id, R"({"t": "same words"})");
  put("a", R"({"t": "same words"})");
  const auto at = snapshot();
  std::string order;
  for (const SearchHit& hit : search(*at, "words", {}, 3)) {
    order += fetch_documents(*at, std::vector{hit.document}).value()[0].document_id;
  }
  EXPECT_EQ(order, "cdb");
}

// Goal: a hit passes the selection, and where filters are part of the search, it finds
// top_k of those that pass, however many better ones do not.
TEST_P(CorpusContract, ASearchFindsWhatItsSelectionLetsThrough) {
  std::vector<DocumentWrite> documents;
  for (int i = 0; i < 50; ++i) {
    const bool is_wanted = i % 10 == 0;
    documents.push_back(
        {fmt::format("d{}", i),
         object_of(fmt::format(R"({{"t": "{}", "n": {}}})",
                               is_wanted ? "yew and much else" : "yew yew yew",
                               is_wanted ? 1 : 0))});
  }
  put(std::move(documents));
  const auto at = snapshot();
  const Filter filter = filter_of(R"({"n": 1})");
  const auto found = search(*at, "yew", Selection::of(filter), 4);
  for (const SearchHit& hit : found) {
    EXPECT_EQ(fetch_documents(*at, std::vector{hit.document}).value()[0].fields.at("n"), 1);
  }
  EXPECT_LE(found.size(), 4u);
  if (traits_.filter_pushdown) {
    EXPECT_EQ(found.size(), 4u);
  }
}

// Goal: what the server says of a document is found like fields, also where a field of the
// document's own is called so.
TEST_P(CorpusContract, FiltersSeeWhatTheServerSaysOfADocument) {
  put("a", R"({"n": 1, "document_id": "b"})");
  put("b", R"({"n": 2})");
  EXPECT_EQ(count_of(*snapshot(), filter_of(R"({"document_id": "b"})")), 1u);
  EXPECT_EQ(count_of(*snapshot(),
                     filter_of(fmt::format(R"({{"collection_id": "{}"}})", id_.str()))),
            2u);
  EXPECT_EQ(count_of(*snapshot(), filter_of(R"({"_internal.document_id": "a"})")), 1u);
}

}  // namespace
}  // namespace trawl::corpus_contract_reads_test
