#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace trawl {

inline constexpr std::size_t kPatternBytesMax = 4096;
// Instructions of the program that RE2 makes of a pattern. Counted repetitions multiply
// what they repeat, and classes such as \pL are large.
inline constexpr std::size_t kPatternProgramMax = 10'000;
// Instructions times bytes of text in one uninterrupted search. RE2 falls back to a search
// that takes up to ten nanoseconds for each, so this is a tenth of a second at the worst;
// nearly all searches are a thousand times quicker.
inline constexpr std::size_t kPatternWorkMax = 10'000'000;

// A regular expression (RE2) whose searches can be ended by a work limit. A text that is
// too long for one search is searched in overlapping stretches, where the pattern has no
// loops; where it has, WorkStopped (invalid) says so. Immutable; searching is thread-safe.
class TextPattern {
 public:
  enum class Case { sensitive, ignored };
  //   invalid  longer than kPatternBytesMax, not a regular expression, or a program larger
  //            than kPatternProgramMax; the message is to follow the name of the value
  static Result<TextPattern> compile(std::string_view pattern, Case mode);

  // Throws WorkStopped when the work limit of the thread says so, or where the text is too
  // long.
  bool is_found_in(std::string_view text) const;

  // The longest text that is searched where it cannot be searched in stretches.
  std::size_t text_bytes_max() const;
  // Bytes that are searched at once in a longer text.
  std::size_t stretch() const;
  // The longest match in bytes; 0 when a match may be as long as the text.
  std::size_t match_bytes_max() const { return match_bytes_max_; }

 private:
  TextPattern() = default;
  std::shared_ptr<const re2::RE2> regex_;
  std::size_t program_ = 1;
  std::size_t match_bytes_max_ = 0;
};

// Whether `part` stands in `text`, in time that is linear in both, under the work limit.
bool contains_text(std::string_view text, std::string_view part);

}  // namespace trawl
