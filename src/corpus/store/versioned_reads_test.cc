#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "corpus/corpus_test_support.h"
#include "corpus/random_writes_test_support.h"
#include "corpus/store/sqlite_corpus.h"

namespace trawl::store::versioned_reads_test {
namespace {

using namespace test;

// Goal: every version reads as it did when it was the newest: by scan, fetch, get, filter
// and search, while more is written, after a restart, and with indexes lost.
// Method: random writes beside a model that keeps a map for every version.
TEST(VersionedReads, EveryVersionReadsAsItWasWritten) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  TempDirectory directory;
  ManualClock clock;
  CorpusOptions options;
  options.directory = directory.path();
  options.clock = &clock;
  options.index_flush_rows = 16;
  auto corpus = open_corpus(options).value();
  const CollectionId id = make_collection(*corpus);
  RandomWrites writes(rng, *corpus, id, clock);
  const Model& model = writes.model();
  // Snapshots that stay open while later writes go on.
  std::vector<std::shared_ptr<const Snapshot>> held;
  for (int i = 0; i < 250; ++i) {
    writes.step();
    ASSERT_FALSE(HasFailure());
    const auto newest = corpus->snapshot(id).value();
    ASSERT_EQ(newest->version(), model.versions().size() - 1);
    if (i % 5 == 0) expect_same_reads(*newest, model.newest());
    if (i % 20 == 0) held.push_back(newest);
  }
  expect_same_history(*corpus, id, model);

  // Ranks and scores are those of a collection that never held anything else.
  for (std::uint64_t version = 0; version < model.versions().size(); version += 31) {
    SCOPED_TRACE("version " + std::to_string(version));
    TempDirectory other;
    CorpusOptions fresh = options;
    fresh.directory = other.path();
    auto reference = open_corpus(fresh).value();
    const CollectionId copy = make_collection(*reference);
    std::vector<DocumentWrite> documents;
    for (const auto& name : ids_by_arrival(model.versions()[version])) {
      documents.push_back({name, model.versions()[version].at(name).fields});
    }
    ASSERT_TRUE(reference->put(copy, std::move(documents), Atomic::yes));
    EXPECT_EQ(ranking(*corpus->snapshot(id, version).value(), "amber frost"),
              ranking(*reference->snapshot(copy).value(), "amber frost"));
  }

  corpus.reset();
  for (const auto& snapshot : held) {
    expect_same_reads(*snapshot, model.versions()[snapshot->version()]);
  }
  corpus = open_corpus(options).value();
  expect_same_history(*corpus, id, model);

  corpus.reset();
  std::filesystem::remove_all(directory.path() + "/index");
  corpus = open_corpus(options).value();
  expect_same_history(*corpus, id, model);
}

}  // namespace
}  // namespace trawl::store::versioned_reads_test
