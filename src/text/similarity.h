#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace trawl {

// Longer texts are compared by their first characters, which bounds what one comparison
// costs: about 4096 * 4096 / 64 steps.
inline constexpr std::size_t kComparedCharsMax = 4096;

// A text made ready for comparing: its code points, how many there are of each (hashed to
// 64 buckets), and its whole length. A byte that is not UTF-8 counts as a code point of its
// own.
struct ComparableText {
  explicit ComparableText(std::string_view text);

  std::u32string points;   // The first kComparedCharsMax.
  std::size_t length = 0;  // Code points of the whole text.
  std::array<std::uint16_t, 64> histogram{};
};

// One text that is compared with many. The measure is the character-sequence ratio
// 2 * LCS / (length + length), where LCS is the length of the longest common subsequence:
// 1 for equal texts (two empty ones too), 0 for texts without a common character. Found
// bit-parallel, 64 characters at a step (Hyyrö 2004). Counts its work (base/work_limit.h).
// The pattern must outlive it; comparing is thread-safe.
class SequenceMatcher {
 public:
  explicit SequenceMatcher(const ComparableText& pattern);

  // Of the first kComparedCharsMax of both.
  double ratio(const ComparableText& other) const;
  // Whether the ratio reaches the threshold. Lengths and histograms rule most pairs out
  // without looking for a subsequence; texts over kComparedCharsMax must also be of whole
  // lengths that allow the ratio. Adds what it cost to `steps`.
  bool reaches(const ComparableText& other, double threshold, std::size_t& steps) const;

 private:
  std::size_t common_subsequence(const std::u32string& other) const;

  const ComparableText& pattern_;
  std::size_t words_;
  std::unordered_map<char32_t, std::size_t> offsets_;  // Into masks_; absent: no such char.
  std::vector<std::uint64_t> masks_;
};

}  // namespace trawl
