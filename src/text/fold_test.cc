#include "text/fold.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "base/text.h"

namespace trawl::fold_test {
namespace {

TEST(FoldCase, FoldsTheWholeOfUnicode) {
  EXPECT_EQ(fold_case("HELLO World 09"), "hello world 09");
  EXPECT_EQ(fold_case("ÀÉÎ"), fold_case("àéî"));
  EXPECT_EQ(fold_case("STRASSE"), fold_case("Straße"));
  EXPECT_EQ(fold_case("ΣΊΣΥΦΟΣ"), fold_case("σίσυφος"));
  EXPECT_EQ(fold_case("日本"), "日本");
  EXPECT_EQ(fold_case("A\xff"), "a\xff");
  EXPECT_EQ(fold_case("É\xff"), "É\xff");
  EXPECT_EQ(fold_case(std::string_view("A\0É", 4)), std::string_view("a\0é", 4));
}

TEST(FoldCase, TakesSpellingsForTheSame) {
  EXPECT_EQ(fold_case("caf\u00E9"), fold_case("CAFE\u0301"));
  EXPECT_EQ(fold_case("\u212B"), fold_case("A\u030A"));             // Angstrom
  EXPECT_EQ(fold_case("\u1E69"), fold_case("s\u0307\u0323"));       // Marks in any order
  EXPECT_EQ(fold_case("\uD55C"), fold_case("\u1112\u1161\u11AB"));  // Hangul
  EXPECT_EQ(fold_case("\u1FB4"), fold_case("\u03B1\u0345\u0301"));
  EXPECT_EQ(fold_case("\u1FB4"), fold_case("\u0391\u0301\u0399"));
  EXPECT_NE(fold_case("cafe"), fold_case("caf\u00E9"));
  EXPECT_NE(fold_case("\uFF21"), fold_case("a"));  // A width is not a case.
}

TEST(FoldCase, DropsTheDotOfTheTurkishI) {
  for (const char* name : {"İstanbul", "I\u0307stanbul", "i\u0307stanbul", "ISTANBUL"}) {
    EXPECT_EQ(fold_case(name), "istanbul") << name;
  }
  EXPECT_EQ(fold_case("\u1ECA\u0307"), fold_case("\u1ECB"));
  EXPECT_EQ(fold_case("\u00C9\u0307"), fold_case("\u00E9\u0307"));
  EXPECT_NE(fold_case("\u017C"), fold_case("z"));  // Only that of i.
}

TEST(ComposeText, KeepsCase) {
  EXPECT_EQ(compose_text("CAFE\u0301"), "CAF\u00C9");
  EXPECT_EQ(compose_text("İ"), "İ");
  EXPECT_EQ(compose_text("e\u0301\xff"), "e\u0301\xff");
}

// Goal: folding in parts gives what folding at once gives, and folding twice changes
// nothing. Method: random texts of what combines, long enough for several parts.
TEST(FoldCase, IsTheSameInPartsAndTwice) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  const std::string_view pieces[] = {"a",      "Z",      "i",      "I",      "\u0307",
                                     "\u0301", "\u0323", "\u00DF", "\u0130", "\u0345",
                                     "\u1112", "\u1161", "\u11AB", "\u03B1", "\u200D",
                                     "\u3042", "\u3099", "\uFDFA", "\u1E9E", "\uFB03"};
  for (int round = 0; round < 40; ++round) {
    std::string text, upper;
    const std::size_t size = round % 4 == 0 ? 9'000 : rng() % 60;
    for (std::size_t i = 0; i < size; ++i) text += pieces[rng() % std::size(pieces)];
    const std::string folded = fold_case(text);
    ASSERT_TRUE(is_valid_utf8(folded));
    ASSERT_EQ(fold_case(folded), folded) << text;
    ASSERT_EQ(fold_case(compose_text(text)), folded);
    std::string in_parts;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t part = foldable_part(rest, 50);
      in_parts += fold_case(rest.substr(0, part));
      rest.remove_prefix(part);
    }
    ASSERT_EQ(in_parts, folded);
  }
}

}  // namespace
}  // namespace trawl::fold_test
