#include "ledger/error_kind.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <sstream>
#include <string>

namespace trawl::error_kind_test {
namespace {

TEST(ErrorKind, LeavesOutWhatAnErrorIsAbout) {
  EXPECT_EQ(error_kind("'(' is no regular expression: missing )"),
            "'…' is no regular expression: missing )");
  EXPECT_EQ(error_kind("budget_exhausted: 12.5 ms of 50 ms were used"),
            "budget_exhausted: N ms of N ms were used");
  EXPECT_EQ(error_kind("it costs 1e-05 credits, and 1,234 are left"),
            "it costs N credits, and N are left");
  EXPECT_EQ(error_kind("no document 0f8fad5b-d9cb-469f-a165-70867728950e here"),
            "no document … here");
  EXPECT_EQ(error_kind("exec_01M84WDHVWA636AXMSSS038FG2 stopped"), "… stopped");
  EXPECT_EQ(error_kind(R"(unknown field "it's" of `x y`)"), R"(unknown field "…" of `…`)");
  EXPECT_EQ(error_kind("stages[12].config: timeout"), "stages[N].config: timeout");
}

TEST(ErrorKind, KeepsWords) {
  for (const char* text :
       {"", "it doesn't answer, and can't", "sha256 of utf8 is missing", "a 'b", "…", "—",
        "the client closed the connection", "well-known error", "日本語 エラー"}) {
    EXPECT_EQ(error_kind(text), text);
  }
}

TEST(ErrorKind, IsShortAndWholeWhateverComes) {
  EXPECT_EQ(error_kind(std::string(1000, '9')), "…");
  const std::string long_kind = error_kind(std::string(5000, 'x'));
  EXPECT_LE(long_kind.size(), 310u);
  EXPECT_EQ(error_kind("''"), "'…'");
  EXPECT_EQ(error_kind("'"), "'");
  EXPECT_EQ(error_kind("1."), "N.");
  EXPECT_EQ(error_kind("1e"), "Ne");
}

TEST(ErrorKind, AKindIsOfItsOwnKind) {
  EXPECT_EQ(error_kind(error_kind("'a' took 5 ms")), error_kind("'b' took 7 ms"));
  // Without its number this is long enough for an id.
  EXPECT_EQ(error_kind("1.5abcdefghijklm17"), "…");
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  constexpr std::string_view kPieces[] = {
      "a", "word", "N", "7",  "12.5", "1e-5", "1,2", "abcdefghij", "0f8fad5b", "-", ".",
      ",", "'",    "'", "\"", "`",    " ",    " ",   "\n",         "…",        "é", "_"};
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto n = random() % 60; n > 0; --n) text += kPieces[random() % std::size(kPieces)];
    if (i % 10 == 0) text += text + text + text + text + text;
    const std::string kind = error_kind(text);
    ASSERT_EQ(error_kind(kind), kind) << text;
    // Each of its words stands alone in the error, too.
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::istringstream words(words_of_error_kind(kind));
    for (std::string word; words >> word;) {
      ASSERT_NE((" " + text + " ").find(" " + word + " "), std::string::npos)
          << word << " in " << text;
    }
  }
}

TEST(ErrorKind, KnowsWordsThatEveryErrorOfItHas) {
  EXPECT_EQ(words_of_error_kind("stage '…': '…' did not match in N ms"),
            "stage did not match in ms");
  EXPECT_EQ(words_of_error_kind("budget_exhausted: N ms of Nms were 'used … up"),
            "ms of were up");
  EXPECT_EQ(words_of_error_kind("… 'N' … Not* "), "");
}

}  // namespace
}  // namespace trawl::error_kind_test
