#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct sb_stemmer;

namespace trawl {

// Longer terms are shortened: their beginning and a hash of all of them, so that different
// terms stay different.
inline constexpr std::size_t kTermBytesMax = 64;
// So much of a shortened term, or a few bytes less, is its beginning: code points are
// whole.
inline constexpr std::size_t kShortenedBytesMax = 48;

// Changes whenever the same text may give other terms, so an index made with another
// analyzer is not mistaken for a fresh one.
inline constexpr std::uint32_t kAnalyzerVersion = 2;

// The term as an index has it.
std::string shorten_term(std::string_view term);
// The beginning that shorten_term() leaves of every longer term that begins with this.
std::string_view shorten_beginning(std::string_view beginning);

enum class LongTerms { shortened, whole };

// Whether a Snowball stemmer of this name exists ("english", or a code such as "en").
// The empty name is known and means no stemming. Thread-safe.
bool is_known_language(std::string_view language);

// The full names, sorted, for messages.
std::vector<std::string> known_languages();

// Splits text into terms; the same for documents and queries. Terms are valid UTF-8 of 1
// to kTermBytesMax bytes (LongTerms::whole: of any length), in NFKC with case folded
// (fold.h) and default-ignorable characters (soft hyphen, joiners) removed, whatever bytes
// come in: invalid UTF-8 separates words.
//
//   words       maximal runs of letters, digits and combining marks. All else separates:
//               "libfoo-dev" is libfoo, dev; "x86_64" is x86, 64; "node.js" is node, js
//   c++, c#     a word directly before "++", or of up to two letters before "#", gives the
//               word and the word with the sign, so that both spellings find it
//   apostrophe  "dog's" is dog, "don't" is dont, "we're" is we; other apostrophes
//               separate, as in French "l'eau": l, eau
//   no spaces   Han, kana, Bopomofo, Thai, Lao, Burmese and Khmer give overlapping pairs
//               of characters, and Han each character too: a word of one is common there
//   emoji       each is a term, as one sees it (emoji.h); one with a skin tone gives the
//               one without, too
//
// Not thread-safe: a stemmer has state. Cheap to make; keep one per thread or per use.
class Analyzer {
 public:
  using TermSink = std::function<void(std::string_view)>;

  //   invalid   no such language; the message lists all
  //   internal  no memory for a stemmer
  static Result<Analyzer> make(std::string_view language,
                               LongTerms long_terms = LongTerms::shortened);
  Analyzer(Analyzer&&) noexcept = default;
  Analyzer& operator=(Analyzer&&) noexcept = default;
  ~Analyzer() = default;

  // Calls `sink` for every term in the order of the text; the view lives during the call.
  // Counts its work (base/work_limit.h), so it may throw WorkStopped; the analyzer can be
  // used again then.
  void analyze(std::string_view text, const TermSink& sink);

  // The same as a list.
  std::vector<std::string> terms(std::string_view text);

 private:
  struct StemmerDeleter {
    void operator()(sb_stemmer* stemmer) const;
  };
  // A word's stem, remembered: few words make up most of a text.
  struct CachedStem {
    static constexpr std::size_t kBytesMax = 24;
    std::uint8_t word_size = 0;
    std::uint8_t stem_size = 0;
    char word[kBytesMax];
    char stem[kBytesMax];
  };

  Analyzer() = default;
  std::size_t emit_ascii(std::string_view text, std::size_t begin, std::size_t end,
                         const TermSink& sink);
  void emit_unicode(std::string_view run, const TermSink& sink);
  void emit_folded(const TermSink& sink);
  void finish_word(const TermSink& sink);
  void finish_pairs(const TermSink& sink);
  void emit_word(std::string_view word, bool has_digit, const TermSink& sink);
  void emit_emoji(std::string_view emoji, const TermSink& sink);
  void emit(std::string_view term, const TermSink& sink);

  LongTerms long_terms_ = LongTerms::shortened;
  std::unique_ptr<sb_stemmer, StemmerDeleter> stemmer_;  // Null for no stemming.
  std::vector<CachedStem> stems_;                        // Made at the first use.

  // Of the run that is being read, which may be folded in several parts.
  std::vector<std::int32_t> folded_;  // Code points of a part.
  std::string word_;
  bool word_has_digit_ = false;
  std::string previous_;  // The character before, in text without spaces.
  bool previous_was_sent_ = false;
};

}  // namespace trawl
