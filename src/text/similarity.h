#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace trawl {

// Longer texts are compared by their first characters, which bounds what one comparison
// costs: about 4096 * 4096 / 64 steps.
inline constexpr std::size_t kComparedCharsMax = 4096;

// A text made ready for comparing, in about five bytes a character. A byte that is not
// UTF-8 counts as a character of its own.
struct ComparableText {
  explicit ComparableText(std::string_view text);

  std::string start;         // Its first kComparedCharsMax characters, as they came,
  std::size_t compared = 0;  // which are so many code points.
  std::size_t length = 0;    // Code points of the whole text.
  // How often each character occurs in the start, and each run of four of them, hashed into
  // a number of bins that grows with the text. The latter end at 255.
  std::array<std::uint16_t, 64> characters{};
  std::vector<std::uint8_t> grams;
};

// One text that is compared with many. The measure is the character-sequence ratio
// 2 * LCS / (length + length), where LCS is the length of the longest common subsequence:
// 1 for equal texts (two empty ones too), 0 for texts without a common character. Found
// bit-parallel, 64 characters at a step (Hyyrö, "Bit-parallel LCS-length computation
// revisited", 2004). Counts its work (base/work_limit.h). The pattern must outlive it.
class SequenceMatcher {
 public:
  explicit SequenceMatcher(const ComparableText& pattern) : pattern_(pattern) {}

  // Of the first kComparedCharsMax of both.
  double ratio(const ComparableText& other);
  // Whether the ratio reaches the threshold; texts over kComparedCharsMax must also be of
  // whole lengths that allow it. The answer is exact; lengths and counts rule most pairs
  // out without looking for a subsequence. Adds what it cost to `steps`.
  //
  // Texts of d insertions and deletions apart differ in at most d of their characters, and
  // in at most 7 d of their runs of four, since one such change ends up to four of them and
  // begins up to three (Ukkonen, "Approximate string matching with q-grams", 1992).
  bool reaches(const ComparableText& other, double threshold, std::size_t& steps);

 private:
  void prepare();
  bool grams_differ(const ComparableText& other, std::size_t most, std::size_t& steps);
  std::size_t common_subsequence(const ComparableText& other, std::size_t least,
                                 std::size_t& steps);

  const ComparableText& pattern_;
  // Made when the first pair needs them.
  std::u32string points_;
  std::size_t words_ = 0;
  std::unordered_map<char32_t, std::size_t> offsets_;  // Into masks_; absent: no such char.
  std::array<std::size_t, 128> ascii_offsets_{};       // The same of these, plus 1.
  std::vector<std::uint64_t> masks_;
  std::vector<std::vector<std::uint8_t>>
      grams_by_bits_;  // Its own, for other numbers of bins.
};

}  // namespace trawl
