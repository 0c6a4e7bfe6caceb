#include "text/language.h"

#include <gtest/gtest.h>

#include <string>

#include "text/analyzer.h"

namespace trawl::language_test {
namespace {

std::string_view language_of(std::string_view text) {
  LanguageGuess guess;
  auto analyzer = Analyzer::make("").value();
  analyzer.analyze(text, [&](std::string_view word) { guess.add_word(word); });
  return guess.language();
}

TEST(LanguageGuess, IsClearAboutASentence) {
  EXPECT_EQ(language_of("This is the house that we have built"), "english");
  EXPECT_EQ(language_of("Das ist das Haus, das wir gebaut haben"), "german");
  EXPECT_EQ(language_of("Voici l'arbre que nous avons plant\u00E9 dans le jardin"),
            "french");
  EXPECT_EQ(language_of("\u00C9sta es la casa que se puede ver como muy bonita"),
            "spanish");
  EXPECT_EQ(language_of("N\u00E3o \u00E9 uma casa que pode ser vista pelo povo"),
            "portuguese");
  EXPECT_EQ(language_of("Questa \u00E8 la casa che non si pu\u00F2 vedere"), "italian");
  EXPECT_EQ(language_of("Dit is het huis dat wij niet kunnen zien"), "dutch");
  EXPECT_EQ(
      language_of("Det h\u00E4r \u00E4r huset som jag inte kan se fr\u00E5n v\u00E4gen"),
      "swedish");
  EXPECT_EQ(
      language_of(
          "\u042D\u0442\u043E \u0434\u043E\u043C, "
          "\u043A\u043E\u0442\u043E\u0440\u044B\u0439 \u043D\u0435 "
          "\u0432\u0438\u0434\u043D\u043E \u0438\u0437 "
          "\u0433\u043E\u0440\u043E\u0434\u0430, \u0442\u0430\u043A \u043A\u0430\u043A"),
      "russian");
}

TEST(LanguageGuess, SaysNothingWhereNothingIsClear) {
  for (const std::string_view text : {"", "Linux kernel image", "Die Hard", "no", "2021",
                                      "\u6771\u4EAC", "the die", "la la la"}) {
    EXPECT_EQ(language_of(text), "") << text;
  }
}

// One of Danish and Norwegian alone has it.
TEST(LanguageGuess, TellsRelativesApart) {
  EXPECT_EQ(language_of("Det er et hus som er bygget af sten og ikke bliver brugt"),
            "danish");
  EXPECT_EQ(
      language_of("Det er et hus som ikke ble bygget av stein når du ser etter, bare"),
      "norwegian");
}

TEST(LanguageGuess, TakesAnyWord) {
  LanguageGuess guess;
  for (const std::string& word :
       {std::string(), std::string(100'000, 'x'), std::string("\xFF\0z", 3)}) {
    guess.add_word(word);
  }
  EXPECT_EQ(guess.language(), "");
}

}  // namespace
}  // namespace trawl::language_test
