#include "query/text_pattern.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>

#include "base/work_limit.h"

namespace trawl::text_pattern_test {
namespace {

TextPattern compile(std::string_view pattern,
                    TextPattern::Case mode = TextPattern::Case::sensitive) {
  return TextPattern::compile(pattern, mode).value();
}

std::string refusal(std::string_view pattern) {
  const auto compiled = TextPattern::compile(pattern, TextPattern::Case::sensitive);
  EXPECT_FALSE(compiled) << pattern;
  return compiled ? "" : compiled.error().message;
}

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// What makes any pattern too large to search a long text at once, and matches nothing.
constexpr std::string_view kBallast = "|(?:x|y|xy|yx){50}#!";

TEST(TextPattern, SearchesLongTextsInStretchesAsIfAtOnce) {
  std::mt19937 random(11);
  for (const std::string_view core :
       {"needle", "^needle", "needle$", "\\bneedle\\b", "(?m:^needle$)", "ne{1,3}dle",
        "\\Aneedle", "needle\\z", "e\\B", "(?s:d.e)", "nee|dle", "straße"}) {
    const std::string whole = std::string(core) + std::string(kBallast);
    const TextPattern pattern = compile(whole);
    const re2::RE2 reference(whole);
    ASSERT_GT(pattern.match_bytes_max(), 0u) << core;
    const std::size_t step = pattern.stretch() - pattern.match_bytes_max();
    const std::size_t size = 3 * step + 100;
    for (int i = 0; i < 24; ++i) {
      // Filler that RE2 reads quickly; the needle stands around the ends of stretches.
      std::string text(size, i % 2 == 0 ? 'q' : ' ');
      std::size_t at = step * (random() % 4) + random() % 40;
      if (i % 3 == 0) at = pattern.stretch() - random() % 12;
      if (i == 0) at = 0;
      if (i == 1) at = size - 6;
      if (i == 2) text[at - 1] = '\n';
      if (i != 5) text.replace(std::min(at, size - 6), 6, i == 7 ? "nedle\n" : "needle");
      EXPECT_EQ(pattern.is_found_in(text), re2::RE2::PartialMatch(text, reference))
          << core << " at " << at << ", round " << i;
    }
  }
}

TEST(TextPattern, ASearchIsGivenUpBetweenTwoStretches) {
  const TextPattern pattern = compile("(x|y|xy|yx){0,100}z");
  // Random, so that RE2's quick way gives up and its slow one is taken.
  std::mt19937 random(3);
  std::string text(400'000, 'x');
  for (char& c : text) c = random() % 2 == 0 ? 'x' : 'y';
  int looks = 0;
  const Checkpoint check = [&]() -> Result<void> {
    if (++looks < 3) return {};
    return make_error(ErrorCode::timeout, "enough");
  };
  const auto found =
      bounded(check, [&]() -> Result<bool> { return pattern.is_found_in(text); });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::timeout);
  // One look for each stretch: it ended after three of them.
  EXPECT_EQ(looks, 3);
  EXPECT_GT(text.size() / pattern.stretch(), 20u);
}

TEST(TextPattern, ManySearchesOfShortTextsAreCounted) {
  const TextPattern pattern = compile("(x|y|xy|yx){0,100}z");
  const std::string text = repeat("xyyx", 100);
  int looks = 0;
  const Checkpoint check = [&]() -> Result<void> {
    if (++looks < 2) return {};
    return make_error(ErrorCode::timeout, "enough");
  };
  int searches = 0;
  const auto found = bounded(check, [&]() -> Result<bool> {
    while (true) {
      (void)pattern.is_found_in(text);
      ++searches;
    }
  });
  ASSERT_FALSE(found);
  EXPECT_LE(searches, 100);
}

TEST(TextPattern, ATextThatIsTooLongForAPatternWithLoopsIsAnError) {
  const TextPattern pattern = compile("\\pL+(x|y|xy|yx){0,20}z");
  const std::string most(pattern.text_bytes_max(), '1');
  EXPECT_FALSE(pattern.is_found_in(most));
  const auto found =
      bounded({}, [&]() -> Result<bool> { return pattern.is_found_in(most + "1"); });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::invalid);
  EXPECT_NE(found.error().message.find(std::to_string(most.size() + 1)), std::string::npos);
  EXPECT_NE(found.error().message.find("use a smaller expression"), std::string::npos);
}

TEST(TextPattern, UsualPatternsSearchLongTexts) {
  const std::string text = std::string(300'000, 'a') + " error: timed out";
  for (const std::string_view pattern :
       {"error.*out", "(?i)ERROR", "\\berror\\b", "[a-z]+: timed", "e(r|rr)or", "out$"}) {
    EXPECT_TRUE(compile(pattern).is_found_in(text)) << pattern;
  }
}

TEST(TextPattern, WhatIsTooLargeIsRefusedWithARemedy) {
  EXPECT_NE(refusal(std::string(5'000, 'a')).find("5000 bytes; use at most 4096"),
            std::string::npos);
  EXPECT_NE(refusal("(\\pL\\pN?){0,30}z").find("lower its repetition counts"),
            std::string::npos);
  EXPECT_NE(refusal("(\\pL{50}){20}").find("lower its repetition counts"),
            std::string::npos);
  EXPECT_NE(refusal("a(?=b)").find("without look-around"), std::string::npos);
}

TEST(ContainsText, AgreesWithFind) {
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    std::string text(random() % 60, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 2);
    std::string part(random() % 6, 'a');
    for (char& c : part) c = static_cast<char>('a' + random() % 2);
    EXPECT_EQ(contains_text(text, part), text.find(part) != std::string::npos)
        << text << " / " << part;
  }
  constexpr std::size_t kBorder = 1 << 18;
  for (std::size_t at = kBorder - 5; at < kBorder + 5; ++at) {
    std::string text(2 * kBorder, '.');
    text.replace(at, 4, "here");
    EXPECT_TRUE(contains_text(text, "here")) << at;
    EXPECT_FALSE(contains_text(text, "there")) << at;
  }
}

TEST(ContainsText, IsLinearInBoth) {
  // With find() these are a hundred thousand million comparisons.
  const std::string text(1 << 20, 'a');
  int looks = 0;
  const Checkpoint check = [&]() -> Result<void> {
    ++looks;
    return {};
  };
  const auto found = bounded(check, [&]() -> Result<bool> {
    return contains_text(text, std::string(1 << 19, 'a') + "b");
  });
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
  EXPECT_GE(looks, 1);
}

// What quotes a pattern is in quotes, so that errors of one kind can be told to be.
TEST(TextPattern, QuotesEveryPartOfAPatternThatItNames) {
  for (const auto& [pattern, message] : std::vector<std::pair<const char*, const char*>>{
           {"^a-(b",
            "'^a-(b' is not a valid regular expression: a '(' has no ')'; write '\\(' for "
            "the character"},
           {"a**",
            "'a**' is not a valid regular expression: '**' repeats what is repeated; use "
            "one of them"},
           {"*",
            "'*' is not a valid regular expression: '*' has nothing before it to "
            "repeat; write a backslash before it for the character"},
           {"[z-a]",
            "'[z-a]' is not a valid regular expression: 'z-a' is no range or class "
            "of characters"},
           {"a{1001}",
            "'a{1001}' is not a valid regular expression: '{1001}' repeats too "
            "often; use at most 1000 repetitions"},
           {"\\k",
            "'\\k' is not a valid regular expression: there is no escape '\\k'; "
            "without the backslash it is the character"},
           {"(?<=a)",
            "'(?<=a)' is not a valid regular expression: '(?<' is not offered; the "
            "syntax is that of RE2, without look-around and back-references"}}) {
    const auto compiled = TextPattern::compile(pattern, TextPattern::Case::sensitive);
    ASSERT_TRUE(compiled.has_error());
    EXPECT_EQ(compiled.error().message, message);
  }
}

}  // namespace
}  // namespace trawl::text_pattern_test
