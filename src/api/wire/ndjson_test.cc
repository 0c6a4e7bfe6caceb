#include "api/wire/ndjson.h"

#include <gtest/gtest.h>

namespace trawl::api::ndjson_test {
namespace {

std::vector<std::string> split(const std::vector<std::string>& pieces, std::size_t max) {
  std::vector<std::string> seen;
  LineSplitter lines(max, [&](std::uint64_t number, std::string_view line, bool too_long) {
    seen.push_back(std::to_string(number) + (too_long ? "!" : ":") + std::string(line));
    return Result<void>();
  });
  for (const auto& piece : pieces) EXPECT_TRUE(lines.feed(piece));
  EXPECT_TRUE(lines.finish());
  return seen;
}

using Lines = std::vector<std::string>;

TEST(LineSplitter, NumbersLinesAndSkipsBlankOnes) {
  EXPECT_EQ(split({"a\n\n b \r\n\t\nc"}, 10), (Lines{"1:a", "3:b", "5:c"}));
  EXPECT_EQ(split({"a\n"}, 10), (Lines{"1:a"}));
  EXPECT_EQ(split({""}, 10), Lines{});
}

TEST(LineSplitter, PiecesMayEndAnywhere) {
  EXPECT_EQ(split({"a", "b\n", "c", "", "d"}, 10), (Lines{"1:ab", "2:cd"}));
}

TEST(LineSplitter, ALongLineIsPassedOverAndTheNextIsRead) {
  EXPECT_EQ(split({"123456\n12345\n"}, 5), (Lines{"1!", "2:12345"}));
  EXPECT_EQ(split({"123", "456", "789\nx"}, 5), (Lines{"1!", "2:x"}));
}

TEST(LineSplitter, AByteOrderMarkIsNoPartOfTheFirstLine) {
  EXPECT_EQ(split({"\xEF\xBB\xBF{}\n"}, 10), (Lines{"1:{}"}));
}

TEST(LineSplitter, AnErrorOfTheTakerEndsTheStream) {
  int taken = 0;
  LineSplitter lines(10, [&](std::uint64_t, std::string_view, bool) -> Result<void> {
    ++taken;
    return make_error(ErrorCode::storage, "full");
  });
  EXPECT_FALSE(lines.feed("a\nb\n"));
  EXPECT_EQ(taken, 1);
}

TEST(ImportReport, CountsAllAndListsAHundred) {
  ImportReport report;
  for (std::uint64_t line = 1; line <= 250; ++line) report.add(line, "bad");
  EXPECT_EQ(report.failed_count, 250u);
  ASSERT_EQ(report.errors.size(), 100u);
  EXPECT_EQ(to_json_text(report.errors.back()), R"({"line":100,"message":"bad"})");
}

}  // namespace
}  // namespace trawl::api::ndjson_test
