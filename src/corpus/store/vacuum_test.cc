#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "corpus/corpus_test_support.h"
#include "corpus/memory/memory_corpus.h"
#include "corpus/random_writes_test_support.h"
#include "corpus/store/place_table.h"
#include "corpus/store/schema.h"
#include "corpus/store/sqlite_corpus.h"

namespace trawl::store::vacuum_test {
namespace {

using namespace test;

class VacuumTest : public testing::Test {
 protected:
  VacuumTest() {
    options_.directory = directory_.path();
    options_.clock = &clock_;
    options_.keep_superseded_us = 0;
    options_.index_flush_rows = 16;
    options_.rest_factor = 0;
    options_.renumber_rows_min = 10;
    corpus_ = open_corpus(options_).value();
    id_ = make_collection(*corpus_);
  }

  void reopen() {
    corpus_.reset();
    corpus_ = open_corpus(options_).value();
  }
  std::string path() const { return directory_.path() + "/corpus.db"; }
  std::int64_t count_in(const std::string& table) {
    return sqlite::Connection::open(path())
        .value()
        ->integer("SELECT count(*) FROM " + table)
        .value();
  }
  // All that nobody needs goes; versions from this one on are needed.
  void vacuum(std::uint64_t oldest_used) {
    const std::vector<VersionUse> in_use = {{id_.str(), oldest_used}};
    ASSERT_TRUE(corpus_->vacuum({clock_.now(), in_use, 0}));
  }
  void put_all(const std::string& text, int count) {
    std::vector<DocumentWrite> documents;
    for (int i = 0; i < count; ++i) {
      documents.push_back({fmt::format("d{}", i),
                           object_of(fmt::format(R"({{"text": "{} {}"}})", text, i))});
    }
    ASSERT_TRUE(corpus_->put(id_, std::move(documents), Atomic::yes));
  }

  const unsigned seed_ =
      static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  testing::ScopedTrace trace_{__FILE__, __LINE__, fmt::format("seed {}", seed_)};
  std::mt19937 rng_{seed_};
  TempDirectory directory_;
  ManualClock clock_;
  CorpusOptions options_;
  std::unique_ptr<EmbeddedCorpus> corpus_;
  CollectionId id_;
};

using Ranking = std::vector<std::pair<std::string, float>>;

// What a corpus ranks that never held anything but this version. It may add up in another
// order.
std::map<std::string, float> reference_scores(const ModelVersion& version,
                                              const std::string& text) {
  MemoryCorpus reference;
  const CollectionId id = make_collection(reference);
  std::vector<DocumentWrite> documents;
  for (const auto& name : ids_by_arrival(version)) {
    documents.push_back({name, version.at(name).fields});
  }
  EXPECT_TRUE(reference.put(id, std::move(documents), Atomic::yes));
  std::map<std::string, float> scores;
  for (auto& [name, score] : ranking(*reference.snapshot(id, {}).value(), text)) {
    scores[name] = score;
  }
  return scores;
}

// Goal: every version that is kept reads as it was written, ranks as the reference does,
// and to the bit as it did when it was the newest, whatever was written, vacuumed,
// restarted or lost since. Method: random writes beside a model that keeps a map for every
// version.
TEST_F(VacuumTest, KeptVersionsReadAsTheyWereWritten) {
  RandomWrites writes(rng_, *corpus_, id_, clock_);
  const Model& model = writes.model();
  std::uint64_t oldest = 0;
  std::vector<std::shared_ptr<const Snapshot>> held;
  constexpr const char* kQuery = "amber frost ember";
  std::map<std::uint64_t, Ranking> as_written = {{0, {}}};
  const auto check = [&](const Snapshot& snapshot) {
    const ModelVersion& expected = model.versions()[snapshot.version()];
    expect_same_reads(snapshot, expected);
    const Ranking ranked = ranking(snapshot, kQuery);
    EXPECT_EQ(ranked, as_written.at(snapshot.version()));
    const auto reference = reference_scores(expected, kQuery);
    ASSERT_EQ(ranked.size(), reference.size());
    for (const auto& [name, score] : ranked) {
      EXPECT_NEAR(score, reference.at(name), 1e-5 * score) << name;
    }
  };
  for (int i = 0; i < 300; ++i) {
    SCOPED_TRACE(fmt::format("step {}", i));
    writes.step();
    const std::uint64_t newest = model.versions().size() - 1;
    as_written.try_emplace(newest, ranking(*corpus_->snapshot(id_).value(), kQuery));
    if (rng_() % 12 == 0) {
      const std::uint64_t used =
          rng_() % 3 == 0 ? newest : oldest + rng_() % (newest - oldest + 1);
      vacuum(used);
      const std::uint64_t kept = corpus_->kept_versions(id_).value().oldest;
      EXPECT_LE(kept, used);
      oldest = std::max(oldest, kept);
      EXPECT_EQ(count_in("superseded") + static_cast<std::int64_t>(model.newest().size()),
                count_in("documents"));
    }
    if (rng_() % 40 == 0) {
      held.clear();
      corpus_.reset();
      if (rng_() % 3 == 0) std::filesystem::remove_all(directory_.path() + "/index");
      corpus_ = open_corpus(options_).value();
      writes.use(*corpus_);
    }
    if (i % 7 == 0) {
      check(*corpus_->snapshot(id_).value());
      check(*corpus_->snapshot(id_, oldest + rng_() % (newest - oldest + 1)).value());
      if (oldest > 0) {
        EXPECT_EQ(corpus_->snapshot(id_, oldest - 1).error().code, ErrorCode::not_found);
      }
    }
    if (i % 25 == 0) held.push_back(corpus_->snapshot(id_).value());
    if (HasFailure()) return;
  }
  for (std::uint64_t version = oldest; version < model.versions().size(); ++version) {
    check(*corpus_->snapshot(id_, version).value());
  }
  // Snapshots that were open all the time are whole, or say that they are not.
  for (const auto& snapshot : held) {
    if (snapshot->version() >= oldest) {
      check(*snapshot);
    } else {
      const auto scanned = scan_documents(*snapshot, {}, FieldSet::all(), {},
                                          [](Document&&) { return true; });
      EXPECT_TRUE(scanned || scanned.error().code == ErrorCode::not_found);
    }
  }
}

// Goal: what is listed of removed rows does not grow with every replacement.
TEST_F(VacuumTest, RemovedRowsLeaveShortLists) {
  for (int round = 0; round < 10; ++round) {
    put_all("word", 40);
    vacuum(round + 1);
  }
  EXPECT_EQ(count_in("documents"), 40);
  EXPECT_EQ(count_in("superseded"), 0);
  EXPECT_LE(count_in("gone"), 1);
  EXPECT_EQ(corpus_->snapshot(id_).value()->document_count(), 40u);
}

// Goal: after the rows were numbered anew, nothing is left of those that went, and what
// names a document still names it: a snapshot, a reference, a remembered filter.
TEST_F(VacuumTest, ReferencesOutliveTheNumbersOfRows) {
  const auto index_bytes = [&] {
    std::uint64_t bytes = 0;
    for (const auto& file :
         std::filesystem::recursive_directory_iterator(directory_.path() + "/index")) {
      if (file.is_regular_file()) bytes += file.file_size();
    }
    return bytes;
  };
  put_all("first", 100);
  vacuum(1);
  const auto fresh_bytes = index_bytes();
  std::vector<std::shared_ptr<const Snapshot>> held = {corpus_->snapshot(id_).value()};
  for (int round = 0; round < 6; ++round) {
    put_all("next", 100);
    if (round == 3) vacuum(3);
    held.push_back(corpus_->snapshot(id_).value());
  }
  const Filter filter = filter_of(R"({"document_id": "d7"})");
  ASSERT_TRUE(corpus_->remove(id_, std::vector<std::string>{"d3"}));
  const auto before = corpus_->snapshot(id_).value();
  const auto selected = select_documents(*before, Selection::of(filter)).value();
  ASSERT_EQ(selected.size(), 1u);
  const auto ranked = ranking(*before, "next");
  ASSERT_EQ(ranked.size(), 99u);
  vacuum(8);
  ASSERT_EQ(count_in("numberings"), 1);
  EXPECT_LE(index_bytes(), fresh_bytes * 12 / 10);
  for (int pass = 0; pass < 2; ++pass) {
    const auto after = corpus_->snapshot(id_).value();
    EXPECT_EQ(after->document_count(), 99u);
    EXPECT_EQ(ranking(*after, "next"), ranked);
    EXPECT_EQ(fetch_documents(*after, selected).value()[0].document_id, "d7");
    EXPECT_EQ(after->get("d7").value()->ref, selected[0]);
    EXPECT_EQ(select_documents(*after, Selection::of(filter)).value(), selected);
    EXPECT_FALSE(after->get("d3").value());
    EXPECT_TRUE(after
                    ->fetch(std::vector<DocumentRef>{3}, FieldSet::all(), {},
                            [](std::size_t, Document&&) {})
                    .has_error());
    if (pass == 0) reopen();
  }
  // One that is open since before sees all that was not removed, and says so of the rest.
  EXPECT_EQ(ranking(*before, "next"), ranked);
  EXPECT_EQ(before->get("d7").value()->ref, selected[0]);
  for (const auto& snapshot : held) {
    const auto all = select_documents(*snapshot, {});
    ASSERT_TRUE(all.has_error());
    EXPECT_EQ(all.error().code, ErrorCode::not_found);
  }
  ASSERT_TRUE(corpus_->remove(id_, std::vector<std::string>{"d7"}));
  put_all("last", 3);
  EXPECT_EQ(corpus_->snapshot(id_).value()->document_count(), 98u);
}

// Goal: who reads and writes while rows are numbered anew sees what was acknowledged.
TEST_F(VacuumTest, OthersReadAndWriteMeanwhile) {
  std::atomic<bool> done = false;
  std::thread vacuums([&] {
    while (!done) {
      const auto newest = corpus_->snapshot(id_).value()->version();
      const std::vector<VersionUse> in_use = {{id_.str(), newest > 3 ? newest - 3 : 0}};
      EXPECT_TRUE(corpus_->vacuum({clock_.now(), in_use, 0}));
    }
  });
  std::thread reads([&] {
    SearchRequest common;
    common.feature_uri = test::kUri;
    common.text = "common";
    while (!done) {
      const auto snapshot = corpus_->snapshot(id_).value();
      // Either may find that the version is gone.
      if (const auto all = select_documents(*snapshot, {})) {
        EXPECT_EQ(all->size(), snapshot->document_count());
      } else {
        EXPECT_EQ(all.error().code, ErrorCode::not_found) << all.error().message;
      }
      if (const auto found = snapshot->search(common, {})) {
        EXPECT_EQ(found->hits.size(), snapshot->document_count());
      } else {
        EXPECT_EQ(found.error().code, ErrorCode::not_found) << found.error().message;
      }
    }
  });
  for (int round = 0; round < 60; ++round) {
    put_all(fmt::format("common round{}", round), 40);
    const auto snapshot = corpus_->snapshot(id_).value();
    EXPECT_EQ(snapshot->document_count(), 40u);
    EXPECT_EQ(ranking(*snapshot, fmt::format("round{}", round)).size(), 40u);
    if (HasFailure()) break;
  }
  done = true;
  vacuums.join();
  reads.join();
  vacuum(60);
  EXPECT_EQ(count_in("documents"), 40);
  reopen();
  EXPECT_EQ(ranking(*corpus_->snapshot(id_).value(), "round59").size(), 40u);
}

TEST_F(VacuumTest, TheFileBecomesSmaller) {
  const std::string long_text(2'000, 'x');
  for (int round = 0; round < 6; ++round) put_all(long_text, 400);
  vacuum(5);
  const auto large = std::filesystem::file_size(path());
  vacuum(6);
  EXPECT_LT(std::filesystem::file_size(path()), large * 6 / 10);
  EXPECT_EQ(corpus_->snapshot(id_).value()->document_count(), 400u);
}

TEST(GoneTest, RangesThatTouchAreOne) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  TempDirectory directory;
  auto database = open_database(directory.path() + "/corpus.db").value();
  std::vector<std::uint32_t> left(300);
  for (std::uint32_t i = 0; i < left.size(); ++i) left[i] = i;
  std::shuffle(left.begin(), left.end(), rng);
  std::vector<bool> gone(left.size() + 1);
  ASSERT_TRUE(add_gone(*database, 7, std::vector<std::uint32_t>{5}));  // Another's.
  while (!left.empty()) {
    std::vector<std::uint32_t> some;
    for (auto n = std::min<std::size_t>(1 + rng() % 20, left.size()); n > 0; --n) {
      some.push_back(left.back());
      gone[left.back()] = true;
      left.pop_back();
    }
    std::sort(some.begin(), some.end());
    ASSERT_TRUE(add_gone(*database, 8, some));
    std::vector<PlaceRange> expected;
    for (std::uint32_t i = 0; i < gone.size(); ++i) {
      if (!gone[i]) continue;
      if (i == 0 || !gone[i - 1]) expected.push_back({i, i});
      expected.back().end = i + 1;
    }
    ASSERT_EQ(read_gone(*database, 8).value(), expected);
  }
  EXPECT_EQ(read_gone(*database, 7).value(), (std::vector<PlaceRange>{{5, 6}}));
}

// Goal: a file of an earlier version, whose removed rows are still listed, reads the same.
TEST_F(VacuumTest, TakesOverTheListsOfEarlierVersions) {
  options_.renumber_rows_min = 1'000;
  reopen();
  for (int round = 0; round < 4; ++round) put_all(fmt::format("round{}", round), 30);
  ASSERT_TRUE(corpus_->remove(id_, std::vector<std::string>{"d3", "d4", "d9"}));
  vacuum(3);
  const auto before = ranking(*corpus_->snapshot(id_).value(), "round3");
  ASSERT_EQ(before.size(), 27u);
  corpus_.reset();
  {
    // As it was kept then.
    auto database = sqlite::Connection::open(path()).value();
    ASSERT_TRUE(database->execute(
        "WITH RECURSIVE each(collection, place, place_end) AS (SELECT * FROM gone UNION "
        "ALL SELECT collection, place + 1, place_end FROM each WHERE place + 1 < "
        "place_end) "
        "INSERT INTO superseded SELECT collection, 1 + place / 30 % 3, place FROM each; "
        "DROP TABLE gone; DROP TABLE numberings; DROP TABLE numbered_runs; "
        "DROP TABLE vectors; "
        "PRAGMA user_version=5"));
  }
  reopen();
  EXPECT_EQ(count_in("superseded"), 33);  // Of versions 4 and 5.
  EXPECT_EQ(count_in("gone"), 1);
  EXPECT_EQ(ranking(*corpus_->snapshot(id_).value(), "round3"), before);
  EXPECT_EQ(corpus_->snapshot(id_, 3).value()->document_count(), 30u);
  EXPECT_EQ(ranking(*corpus_->snapshot(id_, 3).value(), "round2").size(), 30u);
  EXPECT_TRUE(corpus_->snapshot(id_, 2).has_error());
}

}  // namespace
}  // namespace trawl::store::vacuum_test
