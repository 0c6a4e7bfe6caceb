#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "corpus/lexical/lexical_index.h"
#include "corpus/lexical/segment.h"

namespace trawl::lexical::tidy_test {
namespace {

namespace fs = std::filesystem;

// What a store does to an index: rows come, are superseded, and go when no version that is
// kept sees them.
class TidyTest : public testing::Test {
 protected:
  TidyTest() {
    std::string pattern = (fs::temp_directory_path() / "tidy_test_XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    spdlog::set_level(spdlog::level::off);  // Damage is logged, and there is much of it.
  }
  ~TidyTest() override {
    spdlog::set_level(log_level_);
    fs::remove_all(directory_);
  }

  struct Version {
    std::uint32_t row_end = 0;
    Bitmap dead;
    RowView view() const { return {row_end, &dead, nullptr}; }
  };

  std::unique_ptr<LexicalIndex> open(const std::string& name) {
    IndexOptions options;
    options.directory = directory_ + "/" + name;
    options.flush_rows = 100;
    options.segments_max = 4;
    return LexicalIndex::open(options).value();
  }
  std::string random_words(std::size_t count) {
    std::string text;
    for (; count > 0; --count) {
      const double u = std::uniform_real_distribution<double>(0, 1)(rng_);
      text += fmt::format("w{} ", static_cast<int>(std::pow(300.0, u)));
    }
    return text;
  }
  // Adds rows to each index and supersedes a share of those that live.
  Version write(std::span<LexicalIndex* const> indexes, const Version& before,
                std::uint32_t count, double share) {
    std::vector<std::string> texts;
    for (std::uint32_t i = 0; i < count; ++i) {
      // Equal texts make ties.
      texts.push_back(!texts.empty() && rng_() % 4 == 0 ? texts[rng_() % texts.size()]
                                                        : random_words(rng_() % 15));
    }
    for (LexicalIndex* index : indexes) {
      std::vector<RowTexts> rows;
      auto row = before.row_end;
      for (const auto& text : texts) rows.push_back({row++, {{text, 1}}});
      EXPECT_TRUE(index->add(rows));
    }
    Version next{before.row_end + count, Bitmap(before.row_end + count)};
    std::bernoulli_distribution superseded(share);
    for (std::uint32_t row = 0; row < before.row_end; ++row) {
      if (before.dead.test(row) || superseded(rng_)) next.dead.set(row);
    }
    return next;
  }
  void expect_same(const LexicalIndex& index, const LexicalIndex& reference,
                   const Version& version) {
    for (int i = 0; i < 6; ++i) {
      const std::string query = random_words(1 + rng_() % 4);
      const std::uint32_t top_k = i % 2 == 0 ? 10 : 10'000;
      const auto found = index.search(query, top_k, version.view(), {}).value();
      const auto full = index.search_exhaustively(query, top_k, version.view()).value();
      const auto wanted = reference.search(query, top_k, version.view(), {}).value();
      ASSERT_EQ(found.rows.size(), wanted.rows.size()) << query;
      ASSERT_EQ(full.rows.size(), wanted.rows.size()) << query;
      for (std::size_t k = 0; k < wanted.rows.size(); ++k) {
        ASSERT_EQ(found.rows[k].row, wanted.rows[k].row) << query;
        ASSERT_EQ(found.rows[k].score, wanted.rows[k].score) << query;
        ASSERT_EQ(full.rows[k].row, wanted.rows[k].row) << query;
        ASSERT_EQ(full.rows[k].score, wanted.rows[k].score) << query;
      }
    }
  }
  std::uint64_t bytes_of(const std::string& name) {
    std::uint64_t bytes = 0;
    for (const auto& file : fs::directory_iterator(directory_ + "/" + name)) {
      bytes += file.file_size();
    }
    return bytes;
  }

  const unsigned seed_ =
      static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  testing::ScopedTrace trace_{__FILE__, __LINE__, fmt::format("seed {}", seed_)};
  std::mt19937 rng_{seed_};
  const spdlog::level::level_enum log_level_ = spdlog::get_level();
  std::string directory_;
};

// Goal: every version that is kept ranks to the bit as in an index that was never tidied,
// through writes, merges and restarts.
TEST_F(TidyTest, ChangesNoResultOfAVersionThatIsKept) {
  auto untidied = open("untidied");
  auto index = open("tidied");
  std::vector<Version> versions(1);
  std::size_t oldest = 0;
  const double shares[] = {0, 0.01, 0.2, 0.6, 1};
  for (int step = 0; step < 60; ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    LexicalIndex* both[] = {index.get(), untidied.get()};
    versions.push_back(write(both, versions.back(), static_cast<std::uint32_t>(rng_() % 80),
                             shares[rng_() % 5]));
    if (rng_() % 3 == 0) {
      oldest += rng_() % (versions.size() - oldest);
      ASSERT_TRUE(index->tidy(versions[oldest].dead, versions.back().dead));
    }
    if (rng_() % 8 == 0) {
      ASSERT_TRUE(index->flush());
      index.reset();
      index = open("tidied");
      ASSERT_EQ(index->row_count(), versions.back().row_end);
    }
    for (const std::size_t version :
         {oldest, oldest + rng_() % (versions.size() - oldest), versions.size() - 1}) {
      expect_same(*index, *untidied, versions[version]);
      if (HasFailure()) return;
    }
  }
}

// Goal: the newest version costs the same to search however often all was replaced before,
// be the older versions kept or not; and what is gone leaves the disk.
TEST_F(TidyTest, SupersededRowsCostTheNewestVersionNothing) {
  auto index = open("worn");
  LexicalIndex* one[] = {index.get()};
  // No multiple of a segment, so that some have rows of several versions.
  Version version;
  for (int round = 0; round < 10; ++round) {
    version = write(one, version, 130, 1);
    ASSERT_TRUE(index->tidy({}, version.dead));
  }
  const auto scanned = [&](const LexicalIndex& searched, const RowView& view) {
    return searched.search("w1 w2 w5", 10, view, {}).value().scanned_count;
  };
  const std::uint64_t before = bytes_of("worn");
  const auto kept = scanned(*index, version.view());
  EXPECT_LE(kept, 3u * 130);
  ASSERT_TRUE(index->tidy(version.dead, version.dead));
  EXPECT_EQ(scanned(*index, version.view()), kept);
  EXPECT_LT(bytes_of("worn"), before / 3);
}

// Goal: a file that holds superseded rows apart is dropped as a whole where a byte of it
// is wrong, as any other is.
TEST_F(TidyTest, AFileWithTwoSegmentsIsWholeOrNot) {
  std::string bytes;
  std::string path;
  {
    auto index = open("index");
    LexicalIndex* one[] = {index.get()};
    Version version = write(one, {}, 10, 0);
    version = write(one, version, 0, 0.5);
    ASSERT_TRUE(index->tidy({}, version.dead));
    path = fs::directory_iterator(directory_ + "/index")->path().string();
    std::ifstream in(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  ASSERT_EQ(Segment::open(path).value().size(), 2u);
  const auto row_count_of = [&](const std::string& written) {
    std::ofstream(path, std::ios::binary) << written;
    return open("index")->row_count();
  };
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (rng_() % 8)));
    ASSERT_EQ(row_count_of(changed), 0u) << "byte " << at;
  }
  for (std::size_t size = 1; size < bytes.size(); size += 3) {
    ASSERT_EQ(row_count_of(bytes.substr(0, size)), 0u) << size << " bytes";
  }
  EXPECT_EQ(row_count_of(bytes), 10u);
}

}  // namespace
}  // namespace trawl::lexical::tidy_test
