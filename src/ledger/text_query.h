#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/analyzer.h"

namespace trawl {

// The longest that a client may send; parse() itself has no limit.
inline constexpr std::size_t kTextQueryCharsMax = 1'000;

// What a person typed to find executions by their words:
//   cheap flights       both words, anywhere in the text
//   "cheap flights"     next to each other, in this order, in one value
//   fligh*              a word that begins so; also "cheap fligh*"
// Words are those of Analyzer without stemming, so case, accents' composition and the
// script do not matter; what it splits ("node.js") has to stand together. No text is a
// syntax error: a quote that is not closed reaches to the end, and other signs separate.
//
// Immutable; thread-safe.
class TextQuery {
 public:
  // Terms that follow each other in one value; the last one may be the beginning of a term.
  struct Phrase {
    std::vector<std::string> terms;  // At least one; whole, however long.
    bool prefix = false;
    std::string spelling;  // A text with just these terms, without quotes and star.

    bool operator==(const Phrase&) const = default;
  };

  // Blank text, and "*", match everything; other text without a word matches nothing.
  static TextQuery parse(std::string_view text);

  const std::vector<Phrase>& phrases() const { return phrases_; }  // All have to match.
  bool matches_everything() const { return kind_ == Kind::everything; }
  bool matches_nothing() const { return kind_ == Kind::nothing; }
  // The words as they are understood, such as `cheap "node js" fligh*`.
  std::string normalized() const;

  // `values` holds the whole terms of each value of a text, in order.
  bool matches(const std::vector<std::vector<std::string>>& values) const;

  bool operator==(const TextQuery&) const = default;

 private:
  enum class Kind { everything, nothing, phrases };
  Kind kind_ = Kind::everything;
  std::vector<Phrase> phrases_;
};

}  // namespace trawl
