#include "corpus/lexical/segment.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>

#include "base/golden_test_support.h"
#include "corpus/lexical/segment_writer.h"

namespace trawl::lexical::segment_test {
namespace {

struct Posting {
  std::uint32_t row;
  std::uint32_t tf;
  bool operator==(const Posting&) const = default;
};
using Lists = std::map<std::string, std::vector<Posting>>;

// Lengths are the sums of tf, as they are for text.
std::shared_ptr<const Segment> make_segment(std::uint32_t first_row,
                                            std::uint32_t row_count, const Lists& lists) {
  std::vector<std::uint32_t> lengths(row_count);
  for (const auto& [term, postings] : lists) {
    for (const auto& [row, tf] : postings) lengths[row - first_row] += tf;
  }
  StringSink sink;
  SegmentWriter writer(sink, {1, 2}, first_row, lengths);
  for (const auto& [term, postings] : lists) {
    writer.begin_term(term);
    for (const auto& [row, tf] : postings) writer.add(row, tf);
    writer.end_term().value();
  }
  writer.finish().value();
  return Segment::from_bytes(sink.take()).value();
}

std::vector<Posting> read_all(const TermPostings& postings) {
  std::vector<Posting> all;
  PostingsCursor cursor(postings);
  for (auto row = cursor.seek(0); row != kNoRow; row = cursor.seek(row + 1)) {
    all.push_back({row, cursor.tf()});
  }
  EXPECT_FALSE(cursor.damaged());
  return all;
}

std::vector<Posting> random_postings(std::mt19937& rng, std::uint32_t first_row,
                                     std::uint32_t row_count) {
  std::vector<Posting> postings;
  const auto gap_max = 1 + rng() % 50;
  const auto tf_max = 1 + rng() % 300;
  for (auto row = first_row + rng() % gap_max; row < first_row + row_count;
       row += 1 + rng() % gap_max) {
    postings.push_back(
        {static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(1 + rng() % tf_max)});
  }
  return postings;
}

// Index files of large collections take minutes to make anew.
TEST(SegmentForm, BytesAreAsEver) {
  Lists lists = {{"a", {{7, 1}}}, {"été", {{8, 300}, {20, 1}, {139, 2}}}};
  for (std::uint32_t row = 10; row < 140; ++row)
    lists["tile"].push_back({row, row % 3 + 1});
  const std::string today(make_segment(7, 133, lists)->bytes());
  const auto golden = test::golden_parts(
      "segment.hex",
      "A segment of an index of text: rows 7 to 139, one term with two blocks",
      {{"segment", today}});

  // Opened as a file, where its checksum counts.
  const std::string path = testing::TempDir() + fmt::format("golden-segment-{}", getpid());
  std::ofstream(path, std::ios::binary) << golden.at("segment");
  const auto segments = Segment::open(path);
  std::remove(path.c_str());
  ASSERT_TRUE(segments) << segments.error().message;
  ASSERT_EQ(segments->size(), 1u);
  const auto& segment = segments->front();
  EXPECT_EQ(segment->origin(), (SegmentOrigin{1, 2}));
  EXPECT_EQ(segment->first_row(), 7u);
  EXPECT_EQ(segment->row_end(), 140u);
  EXPECT_EQ(segment->total_length(), 564u);
  EXPECT_EQ(segment->length(7), 1u);
  EXPECT_EQ(segment->length(20), 4u);
  EXPECT_EQ(segment->held_count(), 132u);  // Row 9 has no terms.
  ASSERT_EQ(segment->term_count(), lists.size());
  for (const auto& [term, postings] : lists) {
    EXPECT_EQ(read_all(segment->find(term)), postings) << term;
  }
}

class SegmentTest : public testing::Test {
 protected:
  const unsigned seed_ =
      static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  testing::ScopedTrace trace_{__FILE__, __LINE__, fmt::format("seed {}", seed_)};
  std::mt19937 rng_{seed_};
};

TEST_F(SegmentTest, GivesBackWhatWasWritten) {
  for (int round = 0; round < 30; ++round) {
    const auto first_row = static_cast<std::uint32_t>(rng_() % 1000);
    const auto row_count = static_cast<std::uint32_t>(1 + rng_() % 3000);
    Lists lists;
    for (int t = 0; t < 20; ++t) {
      auto postings = random_postings(rng_, first_row, row_count);
      if (!postings.empty()) lists[fmt::format("term{}", rng_() % 1000)] = postings;
    }
    const auto segment = make_segment(first_row, row_count, lists);
    ASSERT_EQ(segment->term_count(), lists.size());
    std::uint32_t index = 0;
    for (const auto& [term, postings] : lists) {
      ASSERT_EQ(segment->term(index++), term);
      ASSERT_EQ(read_all(segment->find(term)), postings);
      ASSERT_EQ(segment->find(term + "x").count, 0u);
    }
    EXPECT_EQ(segment->find("").count, 0u);
    EXPECT_EQ(segment->find("zzz").count, 0u);
  }
}

TEST_F(SegmentTest, HoldsTheWidestNumbers) {
  const Lists lists = {{"a", {{0, UINT32_MAX}}}, {"b", {{1'000'000, 7}}}};
  std::vector<std::uint32_t> lengths(1'000'001, UINT32_MAX);
  StringSink sink;
  SegmentWriter writer(sink, {}, 0, lengths);
  for (const auto& [term, postings] : lists) {
    writer.begin_term(term);
    for (const auto& [row, tf] : postings) writer.add(row, tf);
    ASSERT_TRUE(writer.end_term());
  }
  ASSERT_TRUE(writer.finish());
  const auto segment = Segment::from_bytes(sink.take()).value();
  for (const auto& [term, postings] : lists) {
    EXPECT_EQ(read_all(segment->find(term)), postings);
  }
}

// Goal: seeks land where a search in the plain list does, at any stride.
TEST_F(SegmentTest, SeeksLikeLowerBound) {
  for (int round = 0; round < 200; ++round) {
    const auto postings = random_postings(rng_, 100, 20'000);
    const auto segment = make_segment(100, 20'000, {{"t", postings}});
    PostingsCursor cursor(segment->find("t"));
    const auto stride = 1 + rng_() % 3000;
    for (std::uint32_t row = 0; row < 21'000; row += 1 + rng_() % stride) {
      const auto expected =
          std::lower_bound(postings.begin(), postings.end(), row,
                           [](const Posting& p, std::uint32_t r) { return p.row < r; });
      if (rng_() % 3 == 0) {
        ASSERT_EQ(cursor.seek_block(row), expected != postings.end());
      }
      const auto found = cursor.seek(row);
      ASSERT_EQ(found, expected == postings.end() ? kNoRow : expected->row)
          << "row " << row;
      if (found == kNoRow) continue;
      ASSERT_EQ(cursor.tf(), expected->tf);
      ASSERT_GE(cursor.block().tf_max, expected->tf);
      ASSERT_GE(cursor.block().ratio_max, double(expected->tf) / segment->length(found));
    }
  }
}

TEST_F(SegmentTest, MergesToTheBytesOfOneWrittenAtOnce) {
  for (int round = 0; round < 30; ++round) {
    Lists whole;
    std::vector<std::shared_ptr<const Segment>> parts;
    std::uint32_t row = 17;
    for (auto left = 1 + rng_() % 6; left > 0; --left) {
      const auto row_count = static_cast<std::uint32_t>(1 + rng_() % 700);
      Lists lists;
      for (auto t = rng_() % 10; t > 0; --t) {
        const std::string term(1, static_cast<char>('a' + rng_() % 12));
        const auto postings = random_postings(rng_, row, row_count);
        if (postings.empty() || lists.count(term) > 0) continue;
        lists[term] = postings;
        whole[term].insert(whole[term].end(), postings.begin(), postings.end());
      }
      parts.push_back(make_segment(row, row_count, lists));
      row += row_count;
    }
    StringSink sink;
    ASSERT_TRUE(merge_segments(parts, sink));
    EXPECT_EQ(sink.take(), make_segment(17, row - 17, whole)->bytes());
  }
}

// Goal: rows that a merge divides among segments, some of them lost, are again what they
// would be if they had been written at once.
TEST_F(SegmentTest, DividesAndJoinsRows) {
  for (int round = 0; round < 20; ++round) {
    Lists whole;
    Lists left;
    const auto first_row = static_cast<std::uint32_t>(rng_() % 200);
    Bitmap gone(1200);
    Bitmap apart(1200);
    for (std::uint32_t row = 0; row < 1200; ++row) {
      if (rng_() % 4 == 0) gone.set(row);
      if (gone.test(row) || rng_() % 2 == 0) apart.set(row);
    }
    for (const char* term : {"a", "b", "c"}) {
      whole[term] = random_postings(rng_, first_row, 1000);
      for (const auto& posting : whole[term]) {
        if (!gone.test(posting.row)) left[term].push_back(posting);
      }
    }
    const auto written = make_segment(first_row, 1000, whole);
    const std::shared_ptr<const Segment> one[] = {written};
    const auto chosen = [&](const RowChoice& rows) {
      StringSink sink;
      merge_segments(one, sink, rows).value();
      return Segment::from_bytes(sink.take()).value();
    };
    const std::shared_ptr<const Segment> divided[] = {chosen({&apart, &gone}),
                                                      chosen({nullptr, &apart})};
    EXPECT_EQ(divided[0]->count_held(gone) + divided[1]->count_held(apart), 0u);
    EXPECT_EQ(divided[0]->held_count() + divided[1]->held_count(),
              written->held_count() - written->count_held(gone));
    StringSink sink;
    ASSERT_TRUE(merge_segments(divided, sink));
    EXPECT_EQ(sink.take(), make_segment(first_row, 1000, left)->bytes());
  }
}

// Goal: a segment that passes its checksum and yet is wrong never leads outside its bytes.
// Method: change bytes of a segment in memory, where no checksum is taken, and read it all.
TEST_F(SegmentTest, SurvivesAnyChangedByte) {
  Lists lists;
  for (int t = 0; t < 5; ++t) {
    lists[fmt::format("term{}", t)] = random_postings(rng_, 10, 600);
  }
  const std::string bytes(make_segment(10, 600, lists)->bytes());
  int opened = 0;
  int found_damaged = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 + rng_() % 255));
    if (rng_() % 4 == 0) changed[rng_() % changed.size()] = static_cast<char>(rng_());
    auto segment = Segment::from_bytes(std::move(changed));
    if (!segment) continue;
    ++opened;
    for (std::uint32_t t = 0; t < (*segment)->term_count(); ++t) {
      (*segment)->find((*segment)->term(t));
      PostingsCursor cursor((*segment)->postings(t));
      std::uint64_t sum = 0;
      for (auto row = cursor.seek(0); row != kNoRow; row = cursor.seek(row + 1)) {
        sum += cursor.tf() + (*segment)->length(row);
      }
      EXPECT_GE(sum, 0u);
      found_damaged += cursor.damaged() ? 1 : 0;
    }
    StringSink sink;
    const std::shared_ptr<const Segment> one[] = {*segment};
    (void)merge_segments(one, sink).has_value();
  }
  EXPECT_GT(opened, 0);
  EXPECT_GT(found_damaged, 0);
}

TEST_F(SegmentTest, RefusesEveryTruncation) {
  const std::string bytes(make_segment(0, 5, {{"a", {{0, 1}, {3, 2}}}})->bytes());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Segment::from_bytes(bytes.substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace trawl::lexical::segment_test
