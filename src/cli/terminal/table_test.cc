#include "cli/terminal/table.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

namespace trawl::cli::table_test {
namespace {

std::vector<std::string> split_lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(DisplayWidth, CountsTerminalColumns) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\xcc\x81"), 1u);  // e and a combining acute accent
  EXPECT_EQ(display_width("\xff\xfe"), 2u);   // no UTF-8 at all
  EXPECT_EQ(display_width(""), 0u);
}

TEST(Fit, CutsWithAnEllipsisAndNeverWithinACharacter) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 5), "abcd…");
  EXPECT_EQ(fit("日本語", 6), "日本語");
  EXPECT_EQ(fit("日本語", 5), "日本…");
  EXPECT_EQ(fit("日本語", 4), "日…");  // Half of 本 would fit.
  EXPECT_EQ(fit("abc", 1), "…");
  EXPECT_EQ(fit("abc", 0), "");
}

// Goal: what fits says so by its own measure, for any bytes.
// Method: random strings of ASCII, wide, combining and broken pieces, at every width.
TEST(Fit, IsNeverWiderThanAsked) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(static_cast<unsigned>(seed));
  const std::vector<std::string> pieces = {"a", "é", "日", "\xcc\x81", "\xff", "😀", " "};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (auto n = rng() % 12; n > 0; --n) text += pieces[rng() % pieces.size()];
    for (std::size_t width = 0; width < 14; ++width)
      EXPECT_LE(display_width(fit(text, width)), width) << text;
  }
}

TEST(Table, AlignsColumnsAndLeavesNoTrailingSpace) {
  Table table({{"NAME"}, {"COUNT", true}, {"NOTE"}}, 80, false);
  EXPECT_EQ(table.lines({{{"vim"}, {"5"}, {"x"}}, {{"日本"}, {"1,000"}, {""}}}),
            "NAME  COUNT  NOTE\n"
            "vim       5  x\n"
            "日本  1,000\n");
}

TEST(Table, ShrinksFlexibleColumnsBeforeHidingOthers) {
  const std::vector<TableColumn> columns = {
      {"ID"}, {"EXTRA", false, false, 8, 1}, {"TEXT", false, true, 8, 0}};
  const std::vector<std::vector<Cell>> rows = {
      {{"exec_1234"}, {"extra"}, {"a rather long text of many words"}}};
  EXPECT_EQ(Table(columns, 28, false).lines(rows),
            "ID         EXTRA  TEXT\n"
            "exec_1234  extra  a rather …\n");
  EXPECT_EQ(Table(columns, 24, false).lines(rows),
            "ID         TEXT\n"
            "exec_1234  a rather lon…\n");
  // Nothing is left to give: the id is worth more than the width.
  EXPECT_EQ(Table(columns, 10, false).lines(rows),
            "ID         TEXT\n"
            "exec_1234  a rathe…\n");
}

TEST(Table, LaterRowsKeepTheFirstLayout) {
  Table table({{"ID"}, {"TEXT", false, true}}, 40, false);
  EXPECT_EQ(table.lines({{{"1"}, {"a first text"}}}), "ID  TEXT\n1   a first text\n");
  EXPECT_EQ(table.lines({{{"2"}, {"a second and longer text"}}}), "2   a second an…\n");
}

TEST(Table, CellsHoldOneLine) {
  Table table({{"TEXT"}}, 40, false);
  EXPECT_EQ(table.lines({{{"two\nlines\033[31m"}}}), "TEXT\ntwo lines [31m\n");
}

TEST(Table, ColoursDoNotCountAsWidth) {
  Table table({{"STATUS"}, {"N"}}, 40, true);
  const auto out = table.lines({{{"failed", Style::bad}, {"1"}}});
  EXPECT_NE(out.find("\033[31mfailed\033[0m  1\n"), std::string::npos) << out;
}

// Goal: whatever the cells, no line is wider than the terminal when every column may
// give way.
TEST(Table, FitsTheTerminal) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(static_cast<unsigned>(seed));
  for (int round = 0; round < 200; ++round) {
    std::vector<TableColumn> columns;
    const std::size_t count = 1 + rng() % 6;
    for (std::size_t i = 0; i < count; ++i)
      columns.push_back({"C", rng() % 2 == 0, true, 1 + rng() % 5, static_cast<int>(i)});
    std::vector<std::vector<Cell>> rows(1 + rng() % 5);
    for (auto& row : rows) {
      for (std::size_t i = 0; i < count; ++i) row.push_back({std::string(rng() % 60, 'x')});
    }
    const std::size_t width = 10 + rng() % 100;
    for (const auto& line : split_lines(Table(columns, width, false).lines(rows)))
      EXPECT_LE(display_width(line), width);
  }
}

}  // namespace
}  // namespace trawl::cli::table_test
