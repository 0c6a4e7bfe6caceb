#include "corpus/dense/dense_index.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"

namespace trawl::dense::dense_index_test {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::uint32_t row;
  std::uint64_t version;
  std::vector<float> values;
};

class DenseIndexTest : public testing::Test {
 protected:
  DenseIndexTest() {
    std::string pattern = (fs::temp_directory_path() / "dense_index_test_XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    spdlog::set_level(spdlog::level::off);  // Damage is logged, and there is much of it.
  }
  ~DenseIndexTest() override {
    spdlog::set_level(log_level_);
    fs::remove_all(directory_);
  }

  IndexOptions options(const std::string& name = "index") const {
    IndexOptions options;
    options.directory = directory_ + "/" + name;
    options.fingerprint = 77;
    options.dimension = dimension_;
    options.metric = metric_;
    options.flush_vectors = flush_vectors_;
    options.segments_max = 3;
    options.exact_max = exact_max_;
    return options;
  }
  std::unique_ptr<DenseIndex> open(const std::string& name = "index") const {
    return DenseIndex::open(options(name)).value();
  }
  std::size_t random_below(std::size_t end) { return rng_() % end; }
  std::vector<float> random_vectors(std::size_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> values;
    for (std::size_t i = 0; i < count; ++i) {
      // Around one of few centers, and some equal ones, so that there are ties.
      std::mt19937 center(static_cast<unsigned>(random_below(5)));
      std::normal_distribution<float> center_normal;
      const float noise = random_below(4) == 0 ? 0 : 0.3f;
      for (std::uint32_t d = 0; d < dimension_; ++d) {
        values.push_back(center_normal(center) + noise * normal(rng_) + 1e-3f);
      }
    }
    return values;
  }

  // Writes the same into the index and into rows_.
  void add(DenseIndex& index, std::size_t count) {
    const std::uint64_t version = index.version() + 1 + random_below(3);
    const std::size_t first = rows_.size();
    for (std::size_t i = 0; i < count; ++i) {
      next_row_ +=
          static_cast<std::uint32_t>(random_below(10) == 0 ? 1 + random_below(70) : 1);
      const std::size_t vectors =
          several_ && random_below(3) == 0 ? 1 + random_below(5) : 1;
      rows_.push_back({next_row_, version, random_vectors(vectors)});
    }
    std::vector<RowVectors> rows;
    for (std::size_t i = first; i < rows_.size(); ++i) {
      rows.push_back({rows_[i].row, rows_[i].values});
    }
    const auto added = index.add(version, rows);
    ASSERT_TRUE(added) << added.error().message;
    ASSERT_EQ(index.version(), version);
    if (random_below(5) == 0) {
      // What comes later may be of rows that were there before.
      next_row_ += 1000;
    }
  }

  float similarity(const float* q, const float* x) const {
    const auto sum = [&](auto term) {
      float lanes[16] = {};
      for (std::uint32_t d = 0; d < dimension_; ++d) lanes[d % 16] += term(d);
      for (int half = 8; half > 0; half /= 2) {
        for (int l = 0; l < half; ++l) lanes[l] += lanes[l + half];
      }
      return lanes[0];
    };
    if (metric_ == Metric::l2) {
      const float square = sum([&](std::uint32_t d) {
        const float difference = q[d] - x[d];
        return difference * difference;
      });
      return 1 / (1 + std::sqrt(square));
    }
    const float product = sum([&](std::uint32_t d) { return q[d] * x[d]; });
    if (metric_ == Metric::dot) return product;
    const float q_length = 1.0f / std::sqrt(sum([&](auto d) { return q[d] * q[d]; }));
    const float x_length = 1.0f / std::sqrt(sum([&](auto d) { return x[d] * x[d]; }));
    return std::clamp(product * q_length * x_length, -1.0f, 1.0f);
  }
  float score_of(const Row& row, const std::vector<float>& query) const {
    float sum = 0;
    for (std::size_t q = 0; q < query.size(); q += dimension_) {
      float best = -INFINITY;
      for (std::size_t x = 0; x < row.values.size(); x += dimension_) {
        best = std::max(best, similarity(query.data() + q, row.values.data() + x));
      }
      sum += best;
    }
    return sum;
  }
  static bool sees(const VectorView& view, const Row& row) {
    return row.version <= view.version && row.row < view.row_end &&
           (view.dead == nullptr || !view.dead->test(row.row));
  }
  static bool allows(const VectorView& view, std::uint32_t row) {
    return view.allowed == nullptr || view.allowed->test(row);
  }
  std::vector<ScoredRow> ranked(const std::vector<float>& query, std::uint32_t top_k,
                                const VectorView& view) const {
    std::vector<ScoredRow> all;
    for (const Row& row : rows_) {
      if (sees(view, row) && allows(view, row.row)) {
        all.push_back({row.row, score_of(row, query)});
      }
    }
    std::sort(all.begin(), all.end(), [](const ScoredRow& a, const ScoredRow& b) {
      return a.score != b.score ? a.score > b.score : a.row < b.row;
    });
    if (all.size() > top_k) all.resize(top_k);
    return all;
  }
  static void expect_same(const std::vector<ScoredRow>& found,
                          const std::vector<ScoredRow>& wanted) {
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_EQ(found[i].row, wanted[i].row) << "place " << i;
      ASSERT_EQ(found[i].score, wanted[i].score) << "place " << i;
    }
  }
  Bitmap random_rows(std::size_t in_ten) {
    Bitmap rows(next_row_ + 1 -
                static_cast<std::uint32_t>(random_below(next_row_ / 2 + 1)));
    for (std::uint32_t row = 0; row < rows.size(); ++row) {
      if (random_below(10) < in_ten) rows.set(row);
    }
    return rows;
  }
  // A few views of versions from `oldest` on, each with and without sets of rows.
  void expect_ranks_as_it_should(const DenseIndex& index, std::uint64_t oldest,
                                 const Bitmap& gone) {
    for (int round = 0; round < 6; ++round) {
      Bitmap dead = random_rows(random_below(4));
      if (gone.size() > dead.size()) dead = gone;
      gone.for_each([&](std::uint32_t row) { dead.set(row); });
      const Bitmap allowed = random_rows(random_below(10));
      VectorView view;
      view.version = oldest + random_below(index.version() + 2 - oldest);
      view.row_end = random_below(2) == 0
                         ? UINT32_MAX
                         : static_cast<std::uint32_t>(random_below(next_row_ + 2));
      view.dead = &dead;
      if (random_below(2) == 0) view.allowed = &allowed;
      const auto query = random_vectors(random_below(3) == 0 ? 3 : 1);
      const auto top_k = static_cast<std::uint32_t>(1 + random_below(30));
      const auto wanted = ranked(query, top_k, view);
      expect_same(index.search(query, top_k, view, {}).value().rows, wanted);
      expect_same(index.search_exhaustively(query, top_k, view).value().rows, wanted);
      if (testing::Test::HasFatalFailure()) return;

      std::uint64_t count = 0;
      for (const Row& row : rows_) {
        if (!sees(view, row)) continue;
        if (allows(view, row.row)) ++count;
        if (random_below(20) != 0) continue;
        ASSERT_EQ(index.score(query, row.row, view).value(),
                  std::optional(score_of(row, query)));
        ASSERT_EQ(index.vectors_of(row.row, view.version).value(), row.values);
      }
      ASSERT_EQ(index.row_count(view), count);
      for (const Row& row : rows_) {
        if (sees(view, row) || random_below(20) != 0) continue;
        ASSERT_EQ(index.score(query, row.row, view).value(), std::nullopt);
        if (row.version > view.version) {
          ASSERT_TRUE(index.vectors_of(row.row, view.version).value().empty());
        }
      }
    }
  }
  std::vector<std::string> files(const std::string& name = "index") const {
    std::vector<std::string> all;
    for (const auto& file : fs::directory_iterator(directory_ + "/" + name)) {
      all.push_back(file.path().string());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  const unsigned seed_ =
      static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  testing::ScopedTrace trace_{__FILE__, __LINE__, fmt::format("seed {}", seed_)};
  std::mt19937 rng_{seed_};
  const spdlog::level::level_enum log_level_ = spdlog::get_level();
  std::string directory_;

  std::uint32_t dimension_ = 24;
  Metric metric_ = Metric::cosine;
  std::uint32_t flush_vectors_ = 50;
  bool several_ = true;
  std::uint32_t exact_max_ = kExactMax;
  std::vector<Row> rows_;
  std::uint32_t next_row_ = 0;
};

// Goal: through writes, flushes, merges, tidying and restarts, every version that is kept
// is ranked as comparing all of its vectors does, to the bit.
TEST_F(DenseIndexTest, RanksAsComparingAllDoes) {
  for (const Metric metric : {Metric::cosine, Metric::dot, Metric::l2}) {
    for (const std::uint32_t dimension : {1u, 24u, 130u}) {
      for (const std::uint32_t flush_vectors : {3u, 20u, 1000u}) {
        SCOPED_TRACE(fmt::format("metric {}, {} dimensions, segments of {}",
                                 static_cast<int>(metric), dimension, flush_vectors));
        metric_ = metric;
        dimension_ = dimension;
        flush_vectors_ = flush_vectors;
        several_ = random_below(2) == 0;
        rows_.clear();
        next_row_ = 0;
        fs::remove_all(directory_ + "/index");
        auto index = open();
        std::uint64_t oldest = 0;
        Bitmap gone;
        for (int step = 0; step < 10; ++step) {
          SCOPED_TRACE(fmt::format("step {}", step));
          add(*index, random_below(3) == 0 ? random_below(60) : random_below(6));
          if (HasFatalFailure()) return;
          if (random_below(4) == 0) {
            ASSERT_TRUE(index->flush());
            index.reset();
            index = open();
          }
          if (random_below(4) == 0) {
            oldest += random_below(index->version() + 1 - oldest);
            Bitmap more = random_rows(2);
            if (gone.size() > more.size()) std::swap(gone, more);
            gone.for_each([&](std::uint32_t row) { more.set(row); });
            gone = more;
            std::erase_if(rows_, [&](const Row& row) { return gone.test(row.row); });
            ASSERT_TRUE(index->tidy(gone, oldest));
            std::uint64_t count = 0;
            for (const Row& row : rows_) count += row.values.size() / dimension_;
            ASSERT_EQ(index->vector_count(), count);
          }
          expect_ranks_as_it_should(*index, oldest, gone);
          if (HasFatalFailure()) return;
        }
        EXPECT_LE(files().size(), 3u);
      }
    }
  }
}

// Goal: a version of more vectors than a segment takes is there as a whole or not at all.
TEST_F(DenseIndexTest, ALargeVersionIsWholeOrNot) {
  flush_vectors_ = 8;
  // One vector a row: of the hundred below, four are left over for the memory.
  several_ = false;
  auto index = open();
  add(*index, 3);
  ASSERT_TRUE(index->flush());
  const std::uint64_t before = index->version();
  const auto kept = files();
  // Merging would make one segment of all; as if it had not come to that.
  auto many = options();
  many.segments_max = 1000;
  index.reset();
  index = DenseIndex::open(many).value();
  add(*index, 100);
  ASSERT_GE(files().size(), 10u);
  const std::uint64_t version = index->version();
  index.reset();
  // The last vectors were in memory alone.
  EXPECT_EQ(DenseIndex::open(many).value()->version(), before);
  EXPECT_EQ(files(), kept);

  index = DenseIndex::open(many).value();
  std::vector<RowVectors> rows;
  for (const Row& row : rows_) {
    if (row.version == version) rows.push_back({row.row, row.values});
  }
  ASSERT_TRUE(index->add(version, rows));
  ASSERT_TRUE(index->flush());
  index.reset();
  index = open();
  ASSERT_EQ(index->version(), version);
  expect_ranks_as_it_should(*index, 0, {});
}

// Goal: copies have what arrived after a version, by new numbers, and rank likewise.
TEST_F(DenseIndexTest, CopiesRankLikewise) {
  for (const std::uint32_t flush_vectors : {1u, 30u, 1000u}) {
    flush_vectors_ = flush_vectors;
    rows_.clear();
    next_row_ = 0;
    fs::remove_all(directory_ + "/index");
    fs::remove_all(directory_ + "/copy");
    auto index = open();
    std::uint64_t copied = 0;
    std::map<std::uint32_t, std::uint32_t> numbers;
    for (int round = 0; round < 4; ++round) {
      for (int i = 0; i < 4; ++i) add(*index, random_below(20));
      for (const Row& row : rows_) {
        if (row.version > copied && random_below(4) != 0) {
          numbers.emplace(row.row, static_cast<std::uint32_t>(numbers.size()));
        }
      }
      const auto number = [&](std::uint32_t row) -> std::optional<std::uint32_t> {
        const auto found = numbers.find(row);
        if (found == numbers.end()) return std::nullopt;
        return found->second;
      };
      copied = index->copy_to(directory_ + "/copy", copied, number).value();
      ASSERT_EQ(copied, index->version());
    }
    for (auto& row : rows_) {
      const auto found = numbers.find(row.row);
      row.row = found == numbers.end() ? UINT32_MAX : found->second;
    }
    std::erase_if(rows_, [](const Row& row) { return row.row == UINT32_MAX; });
    const auto copy = open("copy");
    ASSERT_EQ(copy->version(), copied);
    expect_ranks_as_it_should(*copy, 0, {});
    if (HasFatalFailure()) return;
  }
}

// Goal: whatever happens to a file, opening the index drops it with what came after it, and
// what is added again is found.
TEST_F(DenseIndexTest, DamagedFilesAreDropped) {
  dimension_ = 5;
  flush_vectors_ = 1000;
  auto wide = options();
  wide.segments_max = 100;
  {
    auto index = DenseIndex::open(wide).value();
    for (int i = 0; i < 3; ++i) {
      add(*index, 7);
      ASSERT_TRUE(index->flush());
    }
  }
  const auto names = files();
  ASSERT_EQ(names.size(), 3u);
  std::vector<std::string> contents;
  for (const auto& name : names) {
    std::ifstream in(name, std::ios::binary);
    contents.emplace_back(std::istreambuf_iterator<char>(in),
                          std::istreambuf_iterator<char>());
  }
  std::vector<std::uint64_t> ends{0};
  for (const auto& name : names) {
    ends.push_back(std::stoull(name.substr(name.rfind('-') + 1)));
  }
  const auto open_with = [&](std::size_t damaged, const std::string& bytes) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::ofstream(names[i], std::ios::binary) << (i == damaged ? bytes : contents[i]);
    }
    auto index = DenseIndex::open(wide).value();
    EXPECT_EQ(index->version(), ends[damaged]);
    return index;
  };
  for (std::size_t damaged = 0; damaged < names.size(); ++damaged) {
    SCOPED_TRACE(fmt::format("file {}", damaged));
    const std::string& whole = contents[damaged];
    for (std::size_t at = random_below(5); at < whole.size(); at += 1 + random_below(5)) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << random_below(8)));
      open_with(damaged, changed);
      if (HasFailure()) FAIL() << "byte " << at;
    }
    for (std::size_t size = 0; size < whole.size(); size += 1 + random_below(40)) {
      open_with(damaged, whole.substr(0, size));
      if (HasFailure()) FAIL() << size << " bytes";
    }
    open_with(damaged, whole + std::string(64, '\0'));
    open_with(damaged, std::string(1 << 16, 'x'));
    open_with(damaged, contents[(damaged + 1) % names.size()]);
    if (HasFailure()) return;

    // What is missing is added again.
    auto index = open_with(damaged, "");
    for (std::size_t i = damaged; i < names.size(); ++i) {
      std::vector<RowVectors> rows;
      for (const Row& row : rows_) {
        if (row.version == ends[i + 1]) rows.push_back({row.row, row.values});
      }
      ASSERT_TRUE(index->add(ends[i + 1], rows));
    }
    expect_ranks_as_it_should(*index, 0, {});
    if (HasFatalFailure()) return;
  }
}

// Goal: of more vectors than are compared exactly, what is found depends on what the view
// lets through alone: not on segments, the order of arrival, or what it does not let
// through.
TEST_F(DenseIndexTest, WhatBitsChooseIsTheSameInAnySegments) {
  exact_max_ = 100;
  for (const Metric metric : {Metric::cosine, Metric::dot, Metric::l2}) {
    metric_ = metric;
    several_ = metric == Metric::dot;
    dimension_ = 40;
    rows_.clear();
    next_row_ = 0;
    fs::remove_all(directory_);
    flush_vectors_ = 10'000;
    auto one = open("one");
    add(*one, 6000);
    flush_vectors_ = 700;
    auto many = open("many");
    // In another order, after some that no view allows, in small pieces.
    std::vector<RowVectors> rows;
    for (const Row& row : rows_) rows.push_back({row.row, row.values});
    std::vector<std::vector<float>> others;
    std::vector<RowVectors> hidden;
    for (std::uint32_t i = 0; i < 300; ++i) others.push_back(random_vectors(1));
    for (std::uint32_t i = 0; i < 300; ++i) hidden.push_back({1'000'000 + i, others[i]});
    ASSERT_TRUE(many->add(1, hidden));
    std::uint64_t version = 1;
    for (std::size_t end = rows.size(); end > 0;) {
      const std::size_t size = std::min<std::size_t>(end, 1 + random_below(200));
      const auto piece = std::span(rows).subspan(end - size, size);
      ASSERT_TRUE(many->add(++version, piece));
      end -= size;
    }
    VectorView view;
    view.version = UINT64_MAX;
    view.row_end = next_row_ + 1;
    std::size_t found_count = 0;
    std::size_t wanted_count = 0;
    for (int round = 0; round < 25; ++round) {
      SCOPED_TRACE(fmt::format("metric {}, round {}", static_cast<int>(metric), round));
      const Bitmap allowed = random_rows(3 + random_below(7));
      view.allowed = round % 2 == 0 ? nullptr : &allowed;
      const auto query = random_vectors(1);
      const auto top_k = static_cast<std::uint32_t>(1 + random_below(20));
      const auto found = one->search(query, top_k, view, {}).value();
      const auto same = many->search(query, top_k, view, {}).value();
      expect_same(same.rows, found.rows);
      if (HasFatalFailure()) return;
      EXPECT_EQ(same.scanned_count, found.scanned_count);
      const auto wanted = ranked(query, top_k, view);
      ASSERT_EQ(found.rows.size(), wanted.size());
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        wanted_count += 1;
        found_count += std::any_of(found.rows.begin(), found.rows.end(), [&](auto row) {
          return row.score >= wanted[i].score && row.row == wanted[i].row;
        });
        // What is found is in order, and its scores are right.
        ASSERT_EQ(one->score(query, found.rows[i].row, view).value(),
                  std::optional(found.rows[i].score));
        if (i > 0) ASSERT_GE(found.rows[i - 1].score, found.rows[i].score);
      }
    }
    // Of 40 values few bits tell little; of as many as models give, bench/dense.py says.
    EXPECT_GE(static_cast<double>(found_count), 0.9 * static_cast<double>(wanted_count));
  }
}

// Goal: bits choose what arrived last like all else, however full the block that it is in.
TEST_F(DenseIndexTest, BitsChooseWhatArrivedLast) {
  exact_max_ = 100;
  flush_vectors_ = 10'000;
  dimension_ = 40;
  for (const Metric metric : {Metric::dot, Metric::l2}) {
    metric_ = metric;
    rows_.clear();
    fs::remove_all(directory_ + "/index");
    auto index = open();
    const auto query = random_vectors(1);
    std::vector<RowVectors> rows;
    // A few more than fill whole blocks; each is nearer than the short ones below.
    for (std::uint32_t row = 0; row < 4003; ++row) {
      auto values = random_vectors(1);
      for (std::uint32_t d = 0; d < dimension_; ++d) {
        values[d] = query[d] * 0.5f + values[d] * 0.01f;
      }
      rows_.push_back({row, 1, std::move(values)});
    }
    for (const Row& row : rows_) rows.push_back({row.row, row.values});
    ASSERT_TRUE(index->add(1, rows));
    for (std::uint32_t i = 0; i < 40; ++i) {
      SCOPED_TRACE(fmt::format("metric {}, {} more", static_cast<int>(metric), i + 1));
      // Long ones beside short ones, so that it tells whose length is whose.
      auto values = query;
      for (float& value : values)
        value *= i % 2 == 0 ? 1e-3f : 1 + 1e-3f * static_cast<float>(i + 1);
      rows_.push_back({4003 + i, 2 + i, values});
      const RowVectors more[] = {{4003 + i, values}};
      ASSERT_TRUE(index->add(2 + i, more));
      VectorView view;
      view.version = 2 + i;
      view.row_end = UINT32_MAX;
      const std::uint32_t long_count = (i + 1) / 2;
      const auto wanted = ranked(query, long_count, view);
      expect_same(index->search(query, long_count, view, {}).value().rows, wanted);
      if (HasFatalFailure()) return;
    }
  }
}

// Goal: where the best vectors are all of a few rows, other rows are found all the same.
TEST_F(DenseIndexTest, RowsOfManyVectorsLeaveRoomForOthers) {
  exact_max_ = 100;
  dimension_ = 16;
  auto index = open();
  std::vector<float> query(dimension_, 1.0f);
  std::vector<RowVectors> rows;
  for (std::uint32_t row = 0; row < 5; ++row) {
    auto& values = rows_.emplace_back(Row{row, 1, {}}).values;
    for (std::uint32_t i = 0; i < 1000; ++i) {
      for (std::uint32_t d = 0; d < dimension_; ++d) {
        values.push_back(1 + 0.001f * static_cast<float>(random_below(10)));
      }
    }
  }
  for (std::uint32_t row = 5; row < 500; ++row) {
    rows_.push_back({row, 1, random_vectors(1)});
  }
  for (const Row& row : rows_) rows.push_back({row.row, row.values});
  ASSERT_TRUE(index->add(1, rows));
  next_row_ = 500;
  VectorView view;
  view.version = 1;
  view.row_end = UINT32_MAX;
  EXPECT_EQ(index->search(query, 50, view, {}).value().rows.size(), 50u);
}

TEST_F(DenseIndexTest, StaleFilesAreDropped) {
  auto index = open();
  add(*index, 10);
  ASSERT_TRUE(index->flush());
  const std::uint64_t version = index->version();
  index.reset();
  EXPECT_EQ(open()->version(), version);
  auto other = options();
  other.fingerprint = 78;
  EXPECT_EQ(DenseIndex::open(other).value()->version(), 0u);
  EXPECT_TRUE(files().empty());
}

TEST_F(DenseIndexTest, FilesAreTheirOwnersAloneAndRemoved) {
  auto index = open();
  add(*index, 10);
  ASSERT_TRUE(index->flush());
  ASSERT_EQ(files().size(), 1u);
  EXPECT_EQ(fs::status(files().front()).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  index.reset();
  std::ofstream(directory_ + "/index/segment-1-2.vec.tmp") << "half";
  remove_index(directory_ + "/index");
  EXPECT_FALSE(fs::exists(directory_ + "/index"));
}

// Goal: searches during writes see whole versions, in memory and in files; in the end there
// are more vectors than are compared without looking at their bits first.
TEST_F(DenseIndexTest, SearchesRunBesideWrites) {
  flush_vectors_ = 300;
  dimension_ = 8;
  exact_max_ = 100;
  auto index = open();
  add(*index, 40);
  std::atomic<bool> done = false;
  const auto query = random_vectors(1);
  VectorView view;
  view.version = index->version();
  view.row_end = UINT32_MAX;
  const auto wanted = ranked(query, 10, view);
  std::thread reader([&] {
    while (!done) {
      const auto found = index->search(query, 10, view, {}).value().rows;
      ASSERT_EQ(found.size(), wanted.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_EQ(found[i].row, wanted[i].row);
      }
      VectorView newest = view;
      newest.version = index->version();
      ASSERT_EQ(index->search(query, 10, newest, {}).value().rows.size(), 10u);
    }
  });
  for (int i = 0; i < 60; ++i) add(*index, 20 + random_below(60));
  ASSERT_TRUE(index->tidy({}, index->version()));
  done = true;
  reader.join();
}

TEST_F(DenseIndexTest, ASearchEndsWhenItShould) {
  auto index = open();
  add(*index, 2000);
  VectorView view;
  view.version = index->version();
  view.row_end = UINT32_MAX;
  const auto query = random_vectors(500);
  const auto stop = [] { return Result<void>(make_error(ErrorCode::timeout, "enough")); };
  const auto found = index->search(query, 10, view, stop);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::timeout);
}

TEST_F(DenseIndexTest, WhatDoesNotFitIsRefused) {
  auto index = open();
  add(*index, 3);
  const std::vector<float> values(dimension_ + 1, 1.0f);
  const RowVectors odd[] = {{9'000'000, values}};
  EXPECT_FALSE(index->add(index->version() + 1, odd));
  EXPECT_FALSE(index->add(index->version(), {}));
  EXPECT_FALSE(index->search(values, 1, {}, {}));
  auto wide = options();
  wide.dimension = 4097;
  EXPECT_FALSE(DenseIndex::open(wide));
  expect_ranks_as_it_should(*index, 0, {});
}

}  // namespace
}  // namespace trawl::dense::dense_index_test
