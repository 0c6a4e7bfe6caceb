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

// What an import of these lines is told, or "".
std::string told(const Lines& lines) {
  FormCheck form;
  for (const auto& line : lines) {
    const auto value = parse_json(line);
    const auto checked = form.check_line(line, value && value->is_object());
    if (!checked) return checked.error().message;
  }
  return {};
}

TEST(FormCheck, NoticesOneTextOverSeveralLines) {
  for (const Lines& lines :
       {Lines{"[", R"({"a":1},)", R"({"a":2})", "]"}, Lines{"{", R"("a": 1)", "}"},
        Lines{"[", "{", R"("a": 1)", "}", "]"}, Lines{R"({"a": {)", R"("b": 1}})"},
        Lines{R"([{"a":1},)", R"({"b":"]"}])"}, Lines{"{", "}"}, Lines{"["}}) {
    EXPECT_NE(told(lines).find("jq -c"), std::string::npos) << lines[0];
  }
}

TEST(FormCheck, BadLinesOfNdjsonAreTheirOwnAffair) {
  for (const Lines& lines :
       {Lines{R"({"a":1})", "{", R"("a": 1)", "}"}, Lines{R"({"a": {)", R"({"a":1})"},
        Lines{R"({"a": "{)", "x"}, Lines{"x", "{", "}"}, Lines{R"([{"a":1}])", "x"},
        Lines{R"({"a":"[[{"})", "x"}, Lines{}}) {
    EXPECT_EQ(told(lines), "") << (lines.empty() ? "" : lines[0]);
  }
}

TEST(FormCheck, NoticesWhatIsPacked) {
  const auto gzip = FormCheck::check_start("\x1f\x8b\x08");
  ASSERT_FALSE(gzip);
  EXPECT_NE(gzip.error().message.find("Content-Encoding: gzip"), std::string::npos);
  EXPECT_FALSE(FormCheck::check_start("\x28\xb5\x2f\xfd"));
  EXPECT_TRUE(FormCheck::check_start("{"));
  EXPECT_TRUE(FormCheck::check_start(""));
}

}  // namespace
}  // namespace trawl::api::ndjson_test
