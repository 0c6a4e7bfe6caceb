#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "corpus/corpus_contract_test_support.h"
#include "corpus/random_writes_test_support.h"

namespace trawl::corpus_contract_versions_test {
namespace {

using namespace test;

// Goal: every version reads as it did when it was the newest: by scan, fetch, get, filter
// and search, while more is written.
// Method: random writes beside a model that keeps a map for every version.
TEST_P(CorpusContract, EveryVersionReadsAsItWasWritten) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  RandomWrites writes(rng, *corpus_, id_, clock_);
  const Model& model = writes.model();
  // Snapshots that stay open while later writes go on.
  std::vector<std::shared_ptr<const Snapshot>> held;
  for (int i = 0; i < 120; ++i) {
    writes.step();
    ASSERT_FALSE(HasFailure());
    if (i % 5 == 0) expect_same_reads(*snapshot(), model.newest());
    if (i % 20 == 0) held.push_back(snapshot());
  }
  if (!traits_.versions) return;
  expect_same_history(*corpus_, id_, model);
  for (const auto& open : held) {
    expect_same_reads(*open, model.versions()[open->version()]);
  }
}

TEST_P(CorpusContract, AVersionThatIsNotKeptCannotBeNamed) {
  put("a", R"({"n": 1})");
  const auto named = [&](std::uint64_t version) { return corpus_->snapshot(id_, version); };
  if (!traits_.versions) {
    for (const std::uint64_t version : {0u, 1u, 2u}) {
      EXPECT_EQ(named(version).error().code, ErrorCode::not_enabled);
    }
    return;
  }
  EXPECT_EQ(named(0).value()->document_count(), 0u);
  EXPECT_EQ(named(1).value()->document_count(), 1u);
  EXPECT_EQ(named(2).error().code, ErrorCode::not_found);
}

TEST_P(CorpusContract, AVersionIsFoundByItsTime) {
  if (!traits_.versions) {
    EXPECT_EQ(corpus_->version_time(id_, 0).error().code, ErrorCode::not_enabled);
    EXPECT_EQ(corpus_->version_at(id_, clock_.now()).error().code, ErrorCode::not_enabled);
    return;
  }
  const TimeUs made = clock_.now();
  clock_.advance(10);
  put("a", R"({"n": 1})");
  put("b", R"({"n": 1})");  // At the same instant: the later one counts.
  const TimeUs written = clock_.now();
  clock_.advance(10);
  put("a", R"({"n": 2})");
  EXPECT_EQ(corpus_->version_time(id_, 1).value(), written);
  EXPECT_EQ(corpus_->version_time(id_, 2).value(), written);
  EXPECT_EQ(corpus_->version_time(id_, 3).value(), written + 10);
  EXPECT_EQ(corpus_->version_time(id_, 4).error().code, ErrorCode::not_found);
  EXPECT_EQ(corpus_->version_at(id_, written + 1'000'000).value(), 3u);
  EXPECT_EQ(corpus_->version_at(id_, written + 9).value(), 2u);
  EXPECT_EQ(corpus_->version_at(id_, written).value(), 2u);
  EXPECT_EQ(corpus_->version_at(id_, written - 1).value(), 0u);
  EXPECT_EQ(corpus_->version_at(id_, made - 1'000'000).error().code, ErrorCode::not_found);
  EXPECT_EQ(corpus_->version_time(CollectionId("col_none"), 0).error().code,
            ErrorCode::not_found);
}

TEST_P(CorpusContract, WhatWasAcknowledgedIsRead) {
  if (!traits_.read_your_writes) GTEST_SKIP() << "the engine refreshes now and then";
  const auto now = [&] { return corpus_->snapshot(id_, {}).value(); };
  put("a", R"({"t": "larch"})");
  EXPECT_EQ(hits(*now(), "larch"), 1u);
  EXPECT_TRUE(now()->get("a").value());
  ASSERT_TRUE(corpus_->remove(id_, std::vector<std::string>{"a"}));
  EXPECT_EQ(hits(*now(), "larch"), 0u);
  EXPECT_FALSE(now()->get("a").value());
}

// Goal: no snapshot sees half of a write. Method: every write replaces all documents by
// ones that name the same generation; readers look whether they all agree.
TEST_P(CorpusContract, ReadersNeverSeeHalfAWrite) {
  if (!traits_.versions || !traits_.read_your_writes) GTEST_SKIP() << "no versions";
  constexpr int kDocuments = 20;
  const auto write = [&](int generation) {
    std::vector<DocumentWrite> documents;
    for (int i = 0; i < kDocuments; ++i) {
      json::object fields;
      fields["generation"] = generation;
      fields["text"] = "gen" + std::to_string(generation);
      documents.push_back({"d" + std::to_string(i), std::move(fields)});
    }
    ASSERT_TRUE(corpus_->put(id_, std::move(documents), Atomic::yes));
  };
  write(0);
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto snapshot = corpus_->snapshot(id_).value();
        std::set<std::int64_t> generations;
        ASSERT_TRUE(scan_documents(
            *snapshot, {}, FieldSet({"generation"}), {}, [&](Document&& document) {
              generations.insert(document.fields.at("generation").as_int64());
              return true;
            }));
        ASSERT_EQ(generations.size(), 1u);
        ASSERT_EQ(snapshot->document_count(), static_cast<std::uint64_t>(kDocuments));
        const std::string generation = std::to_string(*generations.begin());
        SearchRequest request;
        request.feature_uri = kUri;
        request.text = "gen" + generation;
        ASSERT_EQ(snapshot->search(request, {}).value().hits.size(),
                  static_cast<std::size_t>(kDocuments));
        const Filter filter = filter_of("{\"generation\": " + generation + "}");
        ASSERT_EQ(select_documents(*snapshot, Selection::of(filter)).value().size(),
                  static_cast<std::size_t>(kDocuments));
        ++reads;
      }
    });
  }
  const TimeUs end = monotonic_us() + kMicrosPerSecond;
  int generation = 0;
  while ((monotonic_us() < end || reads < 10) && !HasFailure()) write(++generation);
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(corpus_->snapshot(id_).value()->version(),
            static_cast<std::uint64_t>(generation) + 1);
}

}  // namespace
}  // namespace trawl::corpus_contract_versions_test
