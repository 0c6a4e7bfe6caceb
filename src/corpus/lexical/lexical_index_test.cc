#include "corpus/lexical/lexical_index.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <thread>

#include "base/log.h"

namespace trawl::lexical::lexical_index_test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kAll = UINT32_MAX;

// What an index promises, computed from the words of every row in the plainest way.
std::vector<ScoredRow> model_search(const std::vector<std::string>& rows,
                                    const std::string& query, std::uint32_t top_k,
                                    const RowView& view) {
  std::vector<std::map<std::string, std::uint32_t>> counts;
  std::vector<std::uint32_t> lengths;
  std::vector<std::uint32_t> living;
  for (std::uint32_t row = 0; row < rows.size() && row < view.row_end; ++row) {
    std::istringstream words(rows[row]);
    counts.emplace_back();
    lengths.push_back(0);
    for (std::string word; words >> word;) {
      ++counts.back()[word];
      ++lengths.back();
    }
    if (view.dead == nullptr || !view.dead->test(row)) living.push_back(row);
  }
  double total = 0;
  for (const auto row : living) total += lengths[row];
  const double average = total / static_cast<double>(living.size());
  std::vector<double> scores(counts.size());
  std::istringstream words(query);
  for (std::string word; words >> word;) {
    double df = 0;
    for (const auto row : living) df += static_cast<double>(counts[row].count(word));
    if (df == 0) continue;
    const double n = static_cast<double>(living.size());
    const double idf = std::log(1 + (n - df + 0.5) / (df + 0.5));
    for (const auto row : living) {
      if (counts[row].count(word) == 0) continue;
      const double tf = counts[row][word];
      scores[row] += idf * tf * (kBm25K1 + 1.0) /
                     (tf + kBm25K1 * (1.0 - kBm25B + kBm25B * lengths[row] / average));
    }
  }
  std::vector<ScoredRow> found;
  for (const auto row : living) {
    if (scores[row] > 0 && (view.allowed == nullptr || view.allowed->test(row))) {
      found.push_back({row, static_cast<float>(scores[row])});
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  if (found.size() > top_k) found.resize(top_k);
  return found;
}

::testing::AssertionResult same(const std::vector<ScoredRow>& a,
                                const std::vector<ScoredRow>& b) {
  if (a.size() != b.size()) {
    return ::testing::AssertionFailure() << a.size() << " rows, not " << b.size();
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    // Not nearly, but exactly.
    if (a[i].row != b[i].row || a[i].score != b[i].score) {
      return ::testing::AssertionFailure()
             << "at " << i << ": row " << a[i].row << " with " << a[i].score << ", not row "
             << b[i].row << " with " << b[i].score;
    }
  }
  return ::testing::AssertionSuccess();
}

class LexicalIndexTest : public testing::Test {
 protected:
  LexicalIndexTest() {
    std::string pattern =
        (fs::temp_directory_path() / "lexical_index_test_XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    spdlog::set_level(spdlog::level::off);  // Damage is logged, and there is much of it.
  }
  ~LexicalIndexTest() override {
    spdlog::set_level(log_level_);
    fs::remove_all(directory_);
  }

  IndexOptions options(std::uint32_t flush_rows = 32'768, std::uint32_t segments_max = 8) {
    IndexOptions wanted;
    wanted.directory = directory_ + "/index";
    wanted.fingerprint = 42;
    wanted.flush_rows = flush_rows;
    wanted.segments_max = segments_max;
    return wanted;
  }
  static std::unique_ptr<LexicalIndex> open(const IndexOptions& wanted) {
    return LexicalIndex::open(wanted).value();
  }
  static Result<void> try_add(LexicalIndex& index, const std::vector<std::string>& texts) {
    std::vector<RowTexts> rows;
    auto row = index.row_count();
    for (const auto& text : texts) rows.push_back({row++, {{text, 1}}});
    return index.add(rows);
  }
  static void add(LexicalIndex& index, const std::vector<std::string>& texts) {
    try_add(index, texts).value();
  }
  static std::vector<ScoredRow> search(const LexicalIndex& index, std::string_view query,
                                       std::uint32_t top_k = 10,
                                       const RowView& view = {kAll, nullptr, nullptr}) {
    return index.search(query, top_k, view, {}).value().rows;
  }
  static std::vector<std::uint32_t> rows_of(const std::vector<ScoredRow>& found) {
    std::vector<std::uint32_t> rows;
    for (const auto& scored : found) rows.push_back(scored.row);
    return rows;
  }

  // Few words are common and many are rare, as in a language; lengths vary as well.
  std::string random_text(std::size_t words_max) {
    std::string text;
    for (auto left = rng_() % (words_max + 1); left > 0; --left)
      text += random_word() + " ";
    return text;
  }
  std::string random_word() {
    const double u = std::uniform_real_distribution<double>(0, 1)(rng_);
    return fmt::format("w{}", static_cast<int>(std::pow(3000.0, u)));
  }
  std::vector<std::string> random_corpus(std::size_t count) {
    std::vector<std::string> corpus;
    for (std::size_t i = 0; i < count; ++i) {
      // Equal texts make equal scores, so ties are common.
      corpus.push_back(i > 0 && rng_() % 5 == 0 ? corpus[rng_() % i]
                                                : random_text(rng_() % 10 == 0 ? 200 : 20));
    }
    return corpus;
  }
  std::string random_query() {
    std::string query;
    for (auto left = 1 + rng_() % 6; left > 0; --left) query += random_word() + " ";
    return query;
  }
  Bitmap random_bitmap(std::uint32_t size, double share) {
    Bitmap bitmap(size);
    std::bernoulli_distribution in(share);
    for (std::uint32_t i = 0; i < size; ++i) {
      if (in(rng_)) bitmap.set(i);
    }
    return bitmap;
  }
  void add_in_batches(LexicalIndex& index, const std::vector<std::string>& corpus,
                      std::size_t batch_max) {
    for (std::size_t at = 0; at < corpus.size();) {
      const auto end = std::min(corpus.size(), at + 1 + rng_() % batch_max);
      add(index, {corpus.begin() + static_cast<std::ptrdiff_t>(at),
                  corpus.begin() + static_cast<std::ptrdiff_t>(end)});
      at = end;
    }
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_ + "/index")) {
      names.push_back(entry.path().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  const unsigned seed_ =
      static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  testing::ScopedTrace trace_{__FILE__, __LINE__, fmt::format("seed {}", seed_)};
  std::mt19937 rng_{seed_};
  const spdlog::level::level_enum log_level_ = spdlog::get_level();
  std::string directory_;
};

// Goal: pruning never changes a result; both ways agree with the model.
// Method: random views over an index of several segments and a tail, every view searched
// with the same queries.
TEST_F(LexicalIndexTest, MaxScoreEqualsExhaustiveEqualsModel) {
  const auto corpus = random_corpus(4000);
  auto index = open(options(900, 3));
  add_in_batches(*index, corpus, 300);
  ASSERT_GT(files().size(), 1u);
  const auto size = static_cast<std::uint32_t>(corpus.size());
  const double dead_shares[] = {0, 0.001, 0.05, 0.6, 1};
  const double allowed_shares[] = {0, 0.002, 0.05, 0.5, 1};
  for (int round = 0; round < 150; ++round) {
    std::optional<Bitmap> dead;
    std::optional<Bitmap> allowed;
    if (rng_() % 2 == 0) dead = random_bitmap(rng_() % (size + 1), dead_shares[rng_() % 5]);
    if (rng_() % 2 == 0)
      allowed = random_bitmap(rng_() % (size + 1), allowed_shares[rng_() % 5]);
    RowView view;
    view.row_end = rng_() % 3 == 0 ? static_cast<std::uint32_t>(rng_() % (size + 1)) : kAll;
    view.dead = dead ? &*dead : nullptr;
    view.allowed = allowed ? &*allowed : nullptr;
    const auto query = random_query();
    const std::uint32_t top_ks[] = {1, 2, 10, 100, 100'000};
    const auto top_k = top_ks[rng_() % 5];
    SCOPED_TRACE(fmt::format("round {}: {}", round, query));
    const auto pruned = index->search(query, top_k, view, {}).value();
    const auto exhaustive = index->search_exhaustively(query, top_k, view).value();
    ASSERT_TRUE(same(pruned.rows, exhaustive.rows));
    ASSERT_LE(pruned.scanned_count, exhaustive.scanned_count);
    if (round % 10 != 0) continue;  // The model is slow.
    const auto model = model_search(corpus, query, 100'000, view);
    const auto all = index->search(query, 100'000, view, {}).value().rows;
    ASSERT_EQ(all.size(), model.size());
    std::map<std::uint32_t, float> scores;
    for (const auto& [row, score] : model) scores[row] = score;
    for (const auto& [row, score] : all) ASSERT_NEAR(score, scores.at(row), 1e-5 * score);
  }
}

// The same in several languages, whose stems a query has at once.
TEST_F(LexicalIndexTest, MaxScoreEqualsExhaustiveInSeveralLanguages) {
  const std::string_view pieces[] = {"the ",  "and ",     "houses ", "library ",
                                     "und ",  "der ",     "wird ",   "H\u00E4user ",
                                     "dans ", "que ",     "nous ",   "biblioth\u00E8ques ",
                                     "Haus ", "GtkTree ", "python3 "};
  std::vector<std::string> corpus;
  for (int i = 0; i < 1500; ++i) {
    std::string text;
    const std::size_t language = rng_() % 3 * 4;
    for (auto left = rng_() % 30; left > 0; --left) {
      text += pieces[rng_() % 2 == 0 ? language + rng_() % 4 : rng_() % std::size(pieces)];
    }
    corpus.push_back(text);
  }
  auto wanted = options(400, 3);
  wanted.language = "auto";
  auto index = open(wanted);
  add_in_batches(*index, corpus, 100);
  const auto size = static_cast<std::uint32_t>(corpus.size());
  for (int round = 0; round < 60; ++round) {
    const Bitmap dead = random_bitmap(size, round % 3 * 0.3);
    RowView view{rng_() % 3 == 0 ? static_cast<std::uint32_t>(rng_() % (size + 1)) : kAll,
                 &dead, nullptr};
    std::string query;
    for (auto left = 1 + rng_() % 4; left > 0; --left)
      query += pieces[rng_() % std::size(pieces)];
    SCOPED_TRACE(query);
    const std::uint32_t top_k = rng_() % 2 == 0 ? 3 : 5000;
    const auto pruned = index->search(query, top_k, view, {}).value();
    ASSERT_TRUE(
        same(pruned.rows, index->search_exhaustively(query, top_k, view).value().rows));
    if (pruned.rows.empty()) continue;
    const auto& best = pruned.rows.front();
    ASSERT_EQ(index->take_apart(query, best.row, view, {}).value().score, best.score);
  }
}

TEST_F(LexicalIndexTest, PrunesMostPostingsOfLargeLists) {
  auto index = open(options());
  add(*index, random_corpus(6000));
  const auto pruned = index->search("w1 w2 w900", 5, {kAll, nullptr, nullptr}, {}).value();
  const auto full =
      index->search_exhaustively("w1 w2 w900", 5, {kAll, nullptr, nullptr}).value();
  EXPECT_TRUE(same(pruned.rows, full.rows));
  EXPECT_LT(pruned.scanned_count, full.scanned_count / 2);
}

// Goal: results do not depend on how rows came to lie in tail and segments.
TEST_F(LexicalIndexTest, LayoutDoesNotChangeResults) {
  const auto corpus = random_corpus(1500);
  std::vector<std::string> queries;
  for (int i = 0; i < 40; ++i) queries.push_back(random_query());
  const Bitmap dead = random_bitmap(1500, 0.1);
  const auto run = [&](const LexicalIndex& index) {
    std::vector<std::vector<ScoredRow>> results;
    for (const auto& query : queries) {
      results.push_back(search(index, query, 20));
      results.push_back(search(index, query, 20, {1100, &dead, nullptr}));
    }
    return results;
  };
  std::vector<std::vector<ScoredRow>> expected;
  {
    auto tail = open(options());
    add(*tail, corpus);
    EXPECT_TRUE(files().empty());
    expected = run(*tail);
  }
  const auto check = [&](const LexicalIndex& index, const char* layout) {
    SCOPED_TRACE(layout);
    ASSERT_EQ(index.row_count(), 1500u);
    const auto results = run(index);
    for (std::size_t i = 0; i < results.size(); ++i) {
      ASSERT_TRUE(same(results[i], expected[i])) << queries[i / 2];
    }
  };
  {
    auto tail = open(options());
    add_in_batches(*tail, corpus, 5);
    check(*tail, "a tail of many pieces");
    ASSERT_TRUE(tail->flush());
    EXPECT_EQ(files().size(), 1u);
    check(*tail, "one segment");
  }
  check(*open(options()), "one segment, reopened");
  remove_index(directory_ + "/index");
  {
    auto many = open(options(100, 100));
    add_in_batches(*many, corpus, 100);
    EXPECT_GT(files().size(), 10u);
    check(*many, "many segments and a tail");
    ASSERT_TRUE(many->flush());
  }
  auto merged = open(options(100, 2));
  check(*merged, "many segments, reopened");
  ASSERT_TRUE(merged->flush());
  EXPECT_EQ(files().size(), 2u);
  check(*merged, "merged segments");
  merged.reset();
  check(*open(options(100, 2)), "merged segments, reopened");
}

TEST_F(LexicalIndexTest, RanksByBm25) {
  auto index = open(options());
  add(*index, {"apple pie", "apple", "banana bread", "Apple apple tart with cream"});
  EXPECT_EQ(rows_of(search(*index, "APPLE")), (std::vector<std::uint32_t>{1, 0, 3}));
  EXPECT_EQ(rows_of(search(*index, "banana cherry")), (std::vector<std::uint32_t>{2}));
  EXPECT_TRUE(search(*index, "cherry").empty());
  EXPECT_TRUE(search(*index, "").empty());
  EXPECT_TRUE(search(*index, " ... ").empty());
  EXPECT_TRUE(search(*index, "apple", 0).empty());
  EXPECT_TRUE(search(*index, "apple", 10, {0, nullptr, nullptr}).empty());
}

TEST_F(LexicalIndexTest, CountsWeightsAndRepeatedWords) {
  auto index = open(options());
  const std::vector<RowTexts> rows = {{0, {{"cat", 3}, {"dog", 1}}}, {1, {{"fish", 1}}}};
  ASSERT_TRUE(index->add(rows));
  add(*index, {"cat cat cat dog", "fish"});
  const auto found = search(*index, "cat");
  ASSERT_EQ(rows_of(found), (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(found[0].score, found[1].score);
  EXPECT_FLOAT_EQ(search(*index, "cat cat")[0].score, 2 * found[0].score);
}

TEST_F(LexicalIndexTest, AllowedRowsKeepTheirScores) {
  auto index = open(options());
  add(*index, random_corpus(500));
  const auto all = search(*index, "w1 w5 w30", 500);
  const Bitmap allowed = random_bitmap(500, 0.02);
  std::vector<ScoredRow> expected;
  for (const auto& scored : all) {
    if (allowed.test(scored.row)) expected.push_back(scored);
  }
  EXPECT_TRUE(same(search(*index, "w1 w5 w30", 500, {kAll, nullptr, &allowed}), expected));
}

TEST_F(LexicalIndexTest, HoldsRowsWithoutWords) {
  auto index = open(options(3));
  add(*index, {"", "...", "word", ""});
  EXPECT_EQ(index->row_count(), 4u);
  EXPECT_EQ(rows_of(search(*index, "word")), (std::vector<std::uint32_t>{2}));
  ASSERT_TRUE(index->flush());
  index = open(options(3));
  EXPECT_EQ(index->row_count(), 4u);
  EXPECT_EQ(rows_of(search(*index, "word")), (std::vector<std::uint32_t>{2}));
}

TEST_F(LexicalIndexTest, StemsByLanguage) {
  auto wanted = options();
  wanted.language = "english";
  auto index = open(wanted);
  add(*index, {"she runs a library", "nothing here"});
  EXPECT_EQ(rows_of(search(*index, "running libraries")), (std::vector<std::uint32_t>{0}));
  wanted.language = "klingon";
  const auto refused = LexicalIndex::open(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
}

TEST_F(LexicalIndexTest, RefusesRowsOutOfOrder) {
  auto index = open(options());
  const std::vector<RowTexts> gap = {{1, {{"a", 1}}}};
  EXPECT_FALSE(index->add(gap));
  const std::vector<RowTexts> twice = {{0, {{"a", 1}}}, {0, {{"b", 1}}}};
  EXPECT_FALSE(index->add(twice));
  EXPECT_EQ(index->row_count(), 0u);
  EXPECT_TRUE(index->add({}));
}

TEST_F(LexicalIndexTest, PassesOnTheErrorOfACheckpoint) {
  auto index = open(options());
  add(*index, random_corpus(20'000));
  int calls = 0;
  const auto query = "w1 w2 w3 w4 w5 w6 w7 w8";
  ASSERT_TRUE(index->search(query, 20'000, {kAll, nullptr, nullptr}, [&]() -> Result<void> {
    ++calls;
    return {};
  }));
  EXPECT_GT(calls, 3);
  const auto stopped = index->search(
      query, 20'000, {kAll, nullptr, nullptr},
      [&]() -> Result<void> { return make_error(ErrorCode::cancelled, "gone"); });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
}

TEST_F(LexicalIndexTest, DropsASegmentWithAnyDamagedByte) {
  {
    auto index = open(options());
    add(*index, {"one two", "two three three", "four"});
    ASSERT_TRUE(index->flush());
  }
  ASSERT_EQ(files().size(), 1u);
  const std::string path = files()[0];
  const std::string bytes = read(path);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (rng_() % 8)));
    write(path, changed);
    auto index = open(options());
    ASSERT_EQ(index->row_count(), 0u) << "byte " << at;
    ASSERT_TRUE(search(*index, "two").empty());
    ASSERT_TRUE(files().empty());
  }
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    write(path, bytes.substr(0, size));
    ASSERT_EQ(open(options())->row_count(), 0u) << size << " bytes";
  }
  write(path, bytes);
  EXPECT_EQ(open(options())->row_count(), 3u);
}

TEST_F(LexicalIndexTest, KeepsTheLongestPrefixWithoutGaps) {
  {
    auto index = open(options(2, 100));
    for (const auto* text : {"a a", "b", "c", "d", "e", "f"}) add(*index, {text});
  }
  ASSERT_EQ(files().size(), 3u);
  const std::string middle = files()[1];
  const std::string bytes = read(middle);
  fs::remove(middle);
  EXPECT_EQ(open(options(2, 100))->row_count(), 2u);
  EXPECT_EQ(files().size(), 1u);  // What lay behind the gap is gone as well.
  write(middle, bytes);
  write(directory_ + "/index/segment-0000000004-0000000006.idx.tmp", "unfinished");
  write(directory_ + "/index/unrelated", "stays");
  auto index = open(options(2, 100));
  EXPECT_EQ(index->row_count(), 4u);
  EXPECT_EQ(files().size(), 3u);
  add(*index, {"e", "f"});
  EXPECT_EQ(rows_of(search(*index, "a f")), (std::vector<std::uint32_t>{0, 5}));
}

// A crash may leave a merged segment beside those that it was made of.
TEST_F(LexicalIndexTest, ChoosesBetweenAMergedSegmentAndItsParts) {
  {
    auto index = open(options(2, 100));
    for (const auto* text : {"a", "b", "c", "d", "e", "f"}) add(*index, {text});
  }
  std::map<std::string, std::string> parts;
  for (const auto& path : files()) parts[path] = read(path);
  ASSERT_TRUE(open(options(2, 2))->flush());
  std::map<std::string, std::string> merged;
  for (const auto& path : files()) merged[path] = read(path);
  ASSERT_EQ(merged.size(), 2u);

  for (const auto& [path, bytes] : parts) write(path, bytes);
  EXPECT_EQ(files().size(), 4u);
  EXPECT_EQ(open(options(2, 100))->row_count(), 6u);
  EXPECT_EQ(files().size(), 2u);

  for (const auto& [path, bytes] : parts) write(path, bytes);
  for (const auto& [path, bytes] : merged) {
    if (parts.count(path) == 0) write(path, "damaged");
  }
  EXPECT_EQ(open(options(2, 100))->row_count(), 6u);
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(LexicalIndexTest, DropsWhatWasMadeFromSomethingElse) {
  const auto fill = [&] {
    auto index = open(options());
    add(*index, {"text"});
    ASSERT_TRUE(index->flush());
  };
  fill();
  auto other = options();
  other.fingerprint = 43;
  EXPECT_EQ(open(other)->row_count(), 0u);
  EXPECT_TRUE(files().empty());
  fill();
  other = options();
  other.language = "english";
  EXPECT_EQ(open(other)->row_count(), 0u);
  fill();
  other.language = "auto";
  EXPECT_EQ(open(other)->row_count(), 0u);
}

TEST_F(LexicalIndexTest, SearchesRowsThatTheDiskRefused) {
  auto index = open(options(2));
  fs::remove_all(directory_ + "/index");
  const auto added = try_add(*index, {"one", "two", "three"});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::storage);
  EXPECT_EQ(index->row_count(), 3u);
  EXPECT_EQ(rows_of(search(*index, "three")), (std::vector<std::uint32_t>{2}));
  EXPECT_FALSE(index->flush());
  fs::create_directory(directory_ + "/index");
  ASSERT_TRUE(index->flush());
  EXPECT_EQ(open(options(2))->row_count(), 3u);
}

TEST_F(LexicalIndexTest, RefusesADirectoryThatCannotBe) {
  write(directory_ + "/file", "");
  auto wanted = options();
  wanted.directory = directory_ + "/file/index";
  const auto refused = LexicalIndex::open(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::storage);
}

TEST_F(LexicalIndexTest, RemovesItsFilesOnly) {
  {
    auto index = open(options(1));
    add(*index, {"one", "two"});
  }
  write(directory_ + "/index/other", "stays");
  remove_index(directory_ + "/index");
  EXPECT_EQ(files().size(), 1u);
  fs::remove(directory_ + "/index/other");
  remove_index(directory_ + "/index");
  EXPECT_FALSE(fs::exists(directory_ + "/index"));
  remove_index(directory_ + "/index");
}

// Goal: a search sees its view and nothing else while rows are added, flushed and merged.
TEST_F(LexicalIndexTest, SearchesWhileAdding) {
  const auto corpus = random_corpus(1500);
  auto index = open(options(150, 3));
  std::atomic<bool> done = false;
  std::atomic<int> failures = 0;
  std::vector<std::thread> searchers;
  for (int i = 0; i < 2; ++i) {
    searchers.emplace_back([&, i] {
      std::mt19937 rng(seed_ + static_cast<unsigned>(i));
      while (!done) {
        const RowView view{index->row_count(), nullptr, nullptr};
        const std::string query = fmt::format("w1 w{} w7", rng() % 50);
        const auto pruned = index->search(query, 10, view, {});
        const auto full = index->search_exhaustively(query, 10, view);
        if (!pruned || !full || !same(pruned->rows, full->rows)) ++failures;
      }
    });
  }
  add_in_batches(*index, corpus, 40);
  ASSERT_TRUE(index->flush());
  done = true;
  for (auto& searcher : searchers) searcher.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(index->row_count(), 1500u);
}

}  // namespace
}  // namespace trawl::lexical::lexical_index_test
