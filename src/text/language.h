#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace trawl {

// The languages that are told apart, by Snowball's names. Some are here only so that they
// are not taken for a relative: they have no stemmer.
std::span<const std::string_view> detected_languages();
inline constexpr std::size_t kDetectedLanguagesMax = 32;
inline constexpr std::size_t kFunctionWordBytesMax = 14;  // None that we know is longer.
// What a text is taken for in which nothing tells the language.
inline constexpr std::string_view kUndecidedLanguage = "english";

// Guesses the language of a text from its function words ("the", "und", "dans"): each
// counts by how few languages have it, and one language has to be clearly ahead. That needs
// no tables of letters, and is sure of descriptions of fifty words in 97 to 99.9 % of the
// cases; of texts of six words it leaves a half undecided, and takes 0.4 % for another
// (Debian's descriptions and their translations, bench/README.md). Not thread-safe.
class LanguageGuess {
 public:
  // What a word, as Analyzer gives it without a stemmer, tells.
  struct Clue {
    bool has_other_letters = false;  // Than those of ASCII.
    std::uint32_t languages = 0;     // Bits of those that it is a function word of.
  };
  static Clue clue(std::string_view word);

  // What the next word tells.
  void add(const Clue& clue);
  void add_word(std::string_view word) { add(clue(word)); }
  // Empty where nothing is clear. The name lives as long as the program.
  std::string_view language() const;

 private:
  bool has_function_words_ = false;
  bool has_other_letters_ = false;
  std::array<float, kDetectedLanguagesMax> points_ = {};  // As detected_languages().
};

}  // namespace trawl
