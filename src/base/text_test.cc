#include "base/text.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace trawl::text_test {
namespace {

std::size_t count_points(std::string_view text) {
  std::size_t points = 0;
  for (const char c : text) points += (c & 0xC0) != 0x80 ? 1 : 0;
  return points;
}

TEST(Text, NearestName) {
  const std::vector<std::string_view> names = {"status", "start_time", "end_time", "limit"};
  const auto nearest = [&](std::string_view word) { return nearest_name(word, names); };
  EXPECT_EQ(nearest("status"), "status");
  EXPECT_EQ(nearest("staus"), "status");
  EXPECT_EQ(nearest("sttaus"), "status");  // A swap of neighbours is one step.
  EXPECT_EQ(nearest("STATUS"), "status");
  EXPECT_EQ(nearest("statuses"), "status");
  EXPECT_EQ(nearest("start"), "start_time");  // A beginning counts, however short.
  EXPECT_EQ(nearest("endtime"), "end_time");
  EXPECT_EQ(nearest("colour"), "");
  EXPECT_EQ(nearest(""), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x')), "");
  EXPECT_EQ(nearest_name("x", std::span<const std::string_view>()), "");
  const std::vector<std::string> strings = {"alpha", "beta"};
  EXPECT_EQ(nearest_name("alpa", std::span<const std::string>(strings)), "alpha");
  EXPECT_EQ(did_you_mean("limt", names), " (did you mean 'limit'?)");
  EXPECT_EQ(did_you_mean("colour", names), "");
}

TEST(Text, TheClosestNameWins) {
  const std::vector<std::string_view> names = {"gt", "lt", "gte", "lte", "nin", "in"};
  EXPECT_EQ(nearest_name("gtt", names), "gt");
  EXPECT_EQ(nearest_name("ltee", names), "lte");
  EXPECT_EQ(nearest_name("inn", names), "nin");
}

TEST(Text, TruncatesAtCodePoints) {
  EXPECT_EQ(truncate_text("hello", 5), "hello");
  EXPECT_EQ(truncate_text("hello", 4), "hel…");
  EXPECT_EQ(truncate_text("hello", 1), "…");
  EXPECT_EQ(truncate_text("hello", 0), "");
  EXPECT_EQ(truncate_text("", 0), "");
  EXPECT_EQ(truncate_text("日本語", 3), "日本語");
  EXPECT_EQ(truncate_text("日本語", 2), "日…");

  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  static const std::vector<std::string> kPoints = {"a", "é", "日", "😀"};
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (auto n = rng() % 10; n > 0; --n) text += kPoints[rng() % kPoints.size()];
    const std::size_t max = rng() % 12;
    const std::string cut = truncate_text(text, max);
    EXPECT_LE(count_points(cut), max);
    EXPECT_TRUE(is_valid_utf8(cut));
    EXPECT_EQ(cut == text, count_points(text) <= max);
  }
}

TEST(Text, BytesThatAreNoUtf8AreCutToo) {
  EXPECT_LE(truncate_text(std::string(100, '\x80'), 3).size(), 100u);
  EXPECT_EQ(truncate_text(std::string(100, '\xff'), 3).size(), 2u + 3u);
}

TEST(Text, ValidUtf8) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("日本😀"));
  for (const std::string text :
       {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

TEST(Text, Trim) {
  EXPECT_EQ(trim("  a b\t\r\n"), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("a"), "a");
}

TEST(Text, LowerIsAsciiOnly) {
  EXPECT_EQ(to_lower_ascii("AZaz09É"), "azaz09É");
}

TEST(Text, ParseInteger) {
  std::int64_t value = 0;
  EXPECT_TRUE(parse_integer("-9223372036854775808", value));
  EXPECT_EQ(value, std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(parse_integer("007", value));
  EXPECT_EQ(value, 7);
  for (const std::string text :
       {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "9223372036854775808", "--1"}) {
    EXPECT_FALSE(parse_integer(text, value)) << text;
  }
}

}  // namespace
}  // namespace trawl::text_test
