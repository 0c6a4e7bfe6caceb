#include "query/filter_value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "query/filter.h"

namespace trawl::filter_value_test {
namespace {

json::value parse(std::string_view text) {
  return parse_json(text).value();
}

int sign(int order) {
  return (order > 0) - (order < 0);
}

constexpr auto kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr auto kInt64Min = std::numeric_limits<std::int64_t>::min();
constexpr auto kUint64Max = std::numeric_limits<std::uint64_t>::max();

// Numbers in their true order, with groups of equal ones.
const std::vector<std::vector<json::value>>& number_ladder() {
  static const std::vector<std::vector<json::value>> kLadder = {
      {-1e300},
      {-9223372036854777856.0},
      {kInt64Min, -9223372036854775808.0},
      {kInt64Min + 1},
      {-9007199254740993},
      {-9007199254740992, -9007199254740992.0},
      {-2, -2.0},
      {-1.5},
      {-1, -1.0},
      {-5e-324},
      {0, 0u, 0.0, -0.0},
      {5e-324},
      {0.5},
      {1, 1u, 1.0},
      {1.0000000000000002},
      {9007199254740992, 9007199254740992.0, std::uint64_t{9007199254740992}},
      {9007199254740993, std::uint64_t{9007199254740993}},
      {kInt64Max, std::uint64_t{9223372036854775807}},
      {std::uint64_t{9223372036854775808u}, 9223372036854775808.0},
      {std::uint64_t{9223372036854775809u}},
      {kUint64Max},
      {18446744073709551616.0},
      {1e300}};
  return kLadder;
}

TEST(FilterValue, NumbersCompareExactly) {
  const auto& ladder = number_ladder();
  for (std::size_t i = 0; i < ladder.size(); ++i) {
    for (std::size_t j = 0; j < ladder.size(); ++j) {
      for (const auto& a : ladder[i]) {
        for (const auto& b : ladder[j]) {
          const int expected = i < j ? -1 : (i > j ? 1 : 0);
          EXPECT_EQ(sign(compare_numbers(a, b)), expected) << a << " " << b;
          EXPECT_EQ(sign(compare_values(a, b)), expected) << a << " " << b;
          EXPECT_EQ(values_equal(a, b), i == j) << a << " " << b;
          if (i == j) {
            EXPECT_EQ(hash_value(a), hash_value(b)) << a << " " << b;
          }
        }
      }
    }
  }
}

TEST(FilterValue, EqualityKeepsTypesApart) {
  const std::vector<std::string> different = {
      "null", "true", "false", "0",          "1",          "\"\"",  "\"1\"", "\"true\"",
      "[]",   "{}",   "[1]",   R"({"a":1})", R"({"b":1})", "[1,2]", "[2,1]"};
  for (const auto& a : different) {
    for (const auto& b : different) {
      EXPECT_EQ(values_equal(parse(a), parse(b)), a == b) << a << " " << b;
    }
  }
  EXPECT_TRUE(values_equal(parse(R"({"a":1,"b":[2]})"), parse(R"({"b":[2.0],"a":1.0})")));
  EXPECT_EQ(hash_value(parse(R"({"a":1,"b":[2]})")),
            hash_value(parse(R"({"b":[2.0],"a":1})")));
  EXPECT_TRUE(
      values_equal(parse(R"([{"K":"ÀB"}])"), parse(R"([{"K":"àb"}])"), CaseMode::folded));
  EXPECT_FALSE(
      values_equal(parse(R"([{"K":"a"}])"), parse(R"([{"k":"a"}])"), CaseMode::folded));
}

TEST(FilterValue, NumbersInStrings) {
  const auto shown = [](std::string_view text) {
    const auto number = parse_number(text);
    return number ? to_json_text(*number) : "none";
  };
  EXPECT_EQ(shown("12"), "12");
  EXPECT_EQ(shown("-12"), "-12");
  EXPECT_EQ(shown("007"), "7");
  EXPECT_EQ(shown("9223372036854775808"), "9223372036854775808");
  EXPECT_EQ(shown("18446744073709551616"), "18446744073709551616.0");
  EXPECT_EQ(shown("0.5"), "0.5");
  EXPECT_EQ(shown("1e3"), "1000.0");
  EXPECT_EQ(shown("1E-2"), "0.01");
  for (const std::string text :
       {"", "-", "+1", " 1", "1 ", ".5", "1.", "1.e5", "inf", "nan", "-inf", "0x10", "1e",
        "1e400", "1,5", "--1", "1_000", "१"}) {
    EXPECT_EQ(shown(text), "none") << text;
  }
  EXPECT_EQ(shown(std::string(1'000'000, '9')), "none");
}

TEST(FilterValue, Words) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(text_words("The quick-brown FOX's 2nd fox"),
            (Words{"2nd", "brown", "fox", "quick", "the"}));
  EXPECT_EQ(text_words("  ÉTÉ, naïve!"), (Words{"naïve", "été"}));
  EXPECT_EQ(text_words("日本 語"), (Words{"日", "日本", "本", "語"}));
  EXPECT_EQ(text_words(""), Words{});
  EXPECT_EQ(text_words("--- !"), Words{});
  EXPECT_EQ(text_words("a\xff"
                       "b"),
            (Words{"a", "b"}));
}

TEST(FilterValue, SetsHoldWhatTheyWereGiven) {
  for (const std::size_t size : {3u, 100u}) {  // By scan, and by hash.
    std::vector<json::value> values = {json::value("àb"), parse("[1,\"x\"]"), nullptr};
    for (std::size_t i = 0; i < size; ++i) values.push_back(static_cast<std::int64_t>(i));
    const ValueSet set(values, CaseMode::folded);
    EXPECT_TRUE(set.contains("àb"));
    EXPECT_TRUE(set.contains("ÀB"));
    EXPECT_TRUE(set.contains(parse("[1.0,\"X\"]")));
    EXPECT_TRUE(set.contains(nullptr));
    EXPECT_TRUE(set.contains(2.0));
    EXPECT_FALSE(set.contains(2.5));
    EXPECT_TRUE(set.contains("2"));
    EXPECT_FALSE(set.contains("2x"));
    EXPECT_FALSE(set.contains(static_cast<std::int64_t>(size)));
  }
}

TEST(CompareValues, OrderWithinATypeAndBetweenTypes) {
  const std::vector<std::string> ladder = {"-1",
                                           "9",
                                           "10",
                                           "\"2026-01-31T10:00:00+05:00\"",
                                           "\"2026-01-31T06:00:00Z\"",
                                           "\"2026-01-31 07:00:00\"",
                                           "\"2026-02-01\"",
                                           "\"\"",
                                           "\"10\"",
                                           "\"2026-02-30\"",
                                           "\"9\"",
                                           "\"B\"",
                                           "\"a\"",
                                           "\"b\"",
                                           "\"é\"",
                                           "false",
                                           "true",
                                           "[1]",
                                           "[2]",
                                           R"({"a":1})",
                                           "{}"};
  for (std::size_t i = 0; i < ladder.size(); ++i) {
    for (std::size_t j = 0; j < ladder.size(); ++j) {
      EXPECT_EQ(sign(compare_values(parse(ladder[i]), parse(ladder[j]))),
                i < j ? -1 : (i > j ? 1 : 0))
          << ladder[i] << " " << ladder[j];
    }
  }
  EXPECT_EQ(compare_values("2026-01-31", "2026-01-31T00:00:00Z"), 0);
  EXPECT_LT(compare_values(nullptr, 0), 0);
  EXPECT_EQ(compare_values(nullptr, nullptr), 0);
}

// Goal: sorting mixed values is safe: the order is total and consistent.
TEST(CompareValues, IsAStrictWeakOrder) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  const std::vector<std::string> pool = {"0",
                                         "9",
                                         "10",
                                         "9.5",
                                         "\"9\"",
                                         "\"10\"",
                                         "\"1z\"",
                                         "\"2026-01-31\"",
                                         "null",
                                         "\"2026-01-31A\"",
                                         "\"2026-01-31T00:00:00+05:00\"",
                                         "\"2026-01-30T19:00:00Z\"",
                                         "true",
                                         "false",
                                         "\"true\"",
                                         "[]",
                                         "[9]",
                                         "[10]",
                                         "{}",
                                         "\"[9]\"",
                                         "18446744073709551615"};
  const auto draw = [&] { return parse(pool[rng() % pool.size()]); };
  for (int i = 0; i < 5000; ++i) {
    const auto a = draw(), b = draw(), c = draw();
    EXPECT_EQ(sign(compare_values(a, b)), -sign(compare_values(b, a)));
    if (compare_values(a, b) <= 0 && compare_values(b, c) <= 0) {
      EXPECT_LE(compare_values(a, c), 0) << a << " " << b << " " << c;
    }
  }
}

}  // namespace
}  // namespace trawl::filter_value_test
