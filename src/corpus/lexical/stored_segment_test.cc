#include "corpus/lexical/stored_segment.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/golden_test_support.h"
#include "corpus/lexical/segment_writer.h"

namespace trawl::lexical::stored_segment_test {
namespace {

// Rows 3 to 9: each has the word "all" and one of its own.
StoredSegment made() {
  const std::vector<std::uint32_t> lengths(7, 2);
  StringSink sink;
  SegmentWriter writer(sink, {1, 2}, 3, lengths);
  writer.begin_term("all");
  for (std::uint32_t row = 3; row < 10; ++row) writer.add(row, 1);
  writer.end_term().value();
  for (std::uint32_t row = 3; row < 10; ++row) {
    const std::string term = fmt::format("row{}", row);
    writer.begin_term(term);
    writer.add(row, 1);
    writer.end_term().value();
  }
  writer.finish().value();
  return {Segment::from_bytes(sink.take()).value(), nullptr};
}

std::vector<std::uint32_t> rows_of(const Segment& segment, const std::string& term) {
  std::vector<std::uint32_t> rows;
  PostingsCursor cursor(segment.find(term));
  for (auto row = cursor.seek(0); row != kNoRow; row = cursor.seek(row + 1)) {
    rows.push_back(row);
  }
  return rows;
}

// Index files of large collections take minutes to make anew.
TEST(StoredSegmentForm, BytesAreAsEver) {
  using Rows = std::vector<std::uint32_t>;
  Bitmap gone(10);
  Bitmap superseded(10);
  for (const std::uint32_t row : {4u, 5u}) gone.set(row);
  for (const std::uint32_t row : {4u, 5u, 6u, 8u}) superseded.set(row);
  const StoredSegment before[] = {made()};
  StringSink sink;
  ASSERT_TRUE(merge_stored_segments(before, sink, {&gone, &superseded}));
  const auto golden = test::golden_parts(
      "segment_with_older.hex",
      "A file of an index of text: rows 3 to 9, of which 4 and 5 are gone, 6 and 8 apart",
      {{"file", sink.take()}});

  const std::string path = testing::TempDir() + fmt::format("golden-stored-{}", getpid());
  std::ofstream(path, std::ios::binary) << golden.at("file");
  const auto stored = open_stored_segment(path);
  std::remove(path.c_str());
  ASSERT_TRUE(stored) << stored.error().message;
  ASSERT_NE(stored->older, nullptr);
  EXPECT_EQ(stored->name(), "segment-0000000003-0000000010.idx");
  EXPECT_EQ(rows_of(*stored->current, "all"), (Rows{3, 7, 9}));
  EXPECT_EQ(rows_of(*stored->older, "all"), (Rows{6, 8}));
  EXPECT_EQ(rows_of(*stored->older, "row8"), (Rows{8}));
  EXPECT_EQ(stored->current->find("row4").count + stored->older->find("row4").count, 0u);

  // Without the rows that are gone, and with what came apart since.
  superseded.set(3);
  const StoredSegment again[] = {*stored};
  const Renumbering renumber(gone);
  StringSink renumbered;
  ASSERT_TRUE(merge_stored_segments(again, renumbered, {&gone, &superseded, 0, &renumber}));
  std::ofstream(path, std::ios::binary) << renumbered.take();
  const auto next = open_stored_segment(path);
  std::remove(path.c_str());
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->first_row(), 3u);
  EXPECT_EQ(next->row_end(), 8u);
  EXPECT_EQ(rows_of(*next->current, "all"), (Rows{5, 7}));
  EXPECT_EQ(rows_of(*next->older, "all"), (Rows{3, 4, 6}));
  EXPECT_EQ(rows_of(*next->current, "row7"), (Rows{5}));
}

}  // namespace
}  // namespace trawl::lexical::stored_segment_test
