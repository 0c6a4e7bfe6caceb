#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/language.h"

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

// In place of a stemmer's name: each text is stemmed as its language wants it
// (language.h), and its index ranks with a constant of its own
// (corpus/lexical/lexical_index.h). Also, each of these is worth more than any constant of
// BM25 (bench/README.md):
//
//   parts       of a word in mixed case or with digits are terms as well, if they have two
//               characters or more: "GtkTree" is gtktree, gtk, tree; "python3" also python
//   beginning   the first kBeginningTerms of a stored text count twice, as do the first
//   and end     kEndTerms of its last paragraph, if it has several: a text begins with what
//               it is about, and ends with what sets it apart
inline constexpr std::string_view kDetectLanguage = "auto";
inline constexpr std::size_t kBeginningTerms = 15;
inline constexpr std::size_t kEndTerms = 30;
// The same as kAnalyzerVersion, of what only kDetectLanguage does.
inline constexpr std::uint32_t kDetectionVersion = 2;

// How many documents have a text in a language.
struct LanguageCount {
  std::string_view language;
  std::uint64_t documents = 0;
};

// The term as an index has it.
std::string shorten_term(std::string_view term);
// The beginning that shorten_term() leaves of every longer term that begins with this.
std::string_view shorten_beginning(std::string_view beginning);

enum class LongTerms { shortened, whole };

// Whether a Snowball stemmer of this name exists ("english", or a code such as "en").
// The empty name is known and means no stemming; so is kDetectLanguage. Thread-safe.
bool is_known_language(std::string_view language);

// The full names, sorted, for messages.
std::vector<std::string> known_languages();

// Splits text into terms, the same ones for documents and queries. Terms are valid UTF-8 of
// 1 to kTermBytesMax bytes (LongTerms::whole: of any length), in NFKC with case folded
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

  // All texts of a document that is stored, one after another: each term with the place of
  // its text, and how often it counts. By kDetectLanguage, a text in which nothing tells
  // the language is in that of all texts of its document together. Returns the languages,
  // each once, or nothing where there is none but English. Throws as analyze() does.
  using TextSink =
      std::function<void(std::size_t text, std::string_view term, std::uint32_t times)>;
  std::vector<std::string_view> analyze_document(std::span<const std::string_view> texts,
                                                 const TextSink& sink);

  bool detects_language() const { return detects_; }
  // Of kDetectLanguage: how analyze() stems from now on, for a query of `document_count`
  // documents. `counts` are as analyze_document() returned them, without those that it
  // returned nothing for, `other_count` in number. The languages of a twentieth of the
  // documents count; the query is in one of them if that is clear, and else each word has
  // the stems of them all. Before the first call it is English.
  void expect_query(std::string_view query, std::uint64_t document_count,
                    std::uint64_t other_count, std::span<const LanguageCount> counts);

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

  struct Stemmer {
    std::string language;
    std::unique_ptr<sb_stemmer, StemmerDeleter> snowball;  // Null for no stemming.
    std::vector<CachedStem> stems;                         // Made at the first use.
  };

  Analyzer() = default;
  std::string_view guess_language(std::string_view text, LanguageGuess* all);
  void stem_by(std::string_view language);
  void add_stemmer(std::string_view language);
  std::string_view stem_of(Stemmer& stemmer, std::string_view word);
  std::size_t emit_ascii(std::string_view text, std::size_t begin, std::size_t end,
                         const TermSink& sink);
  void emit_unicode(std::string_view run, const TermSink& sink);
  void emit_folded(const TermSink& sink);
  void finish_word(const TermSink& sink);
  void finish_pairs(const TermSink& sink);
  void emit_word(std::string_view word, bool has_digit, const TermSink& sink);
  void emit_parts(std::string_view word, const TermSink& sink);
  void emit_emoji(std::string_view emoji, const TermSink& sink);
  void emit(std::string_view term, const TermSink& sink);

  LongTerms long_terms_ = LongTerms::shortened;
  bool detects_ = false;
  bool splits_words_ = false;        // Into their parts.
  std::vector<Stemmer> stemmers_;    // Made at their first use.
  std::vector<std::size_t> active_;  // Of them, those whose stems a word gives.

  // Of the run that is being read, which may be folded in several parts.
  std::vector<std::int32_t> folded_;  // Code points of a part.
  std::string word_;
  bool word_has_digit_ = false;
  std::string previous_;  // The character before, in text without spaces.
  bool previous_was_sent_ = false;
};

}  // namespace trawl
