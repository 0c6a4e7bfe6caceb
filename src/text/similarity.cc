#include "text/similarity.h"

#include <utf8proc.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "base/work_limit.h"

namespace trawl {
namespace {

constexpr std::size_t kGram = 4;
// Of insertions and deletions: how many runs one can end and begin.
constexpr std::size_t kGramsPerEdit = 2 * kGram - 1;
constexpr int kBinBitsMin = 6;
constexpr int kBinBitsMax = 13;

// Two bins for each run, while that is not too many.
int bin_bits(std::size_t points) {
  return std::clamp(static_cast<int>(std::bit_width(points)), kBinBitsMin, kBinBitsMax);
}

// Takes one code point off the text.
char32_t next_point(std::string_view& text) {
  utf8proc_int32_t point = 0;
  utf8proc_ssize_t used =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &point);
  if (used <= 0) {  // No UTF-8: the byte stands for itself, outside of Unicode.
    point = 0x110000 + static_cast<unsigned char>(text.front());
    used = 1;
  }
  text.remove_prefix(static_cast<std::size_t>(used));
  return static_cast<char32_t>(point);
}

std::u32string points_of(const ComparableText& text) {
  std::u32string points;
  points.reserve(text.compared);
  for (std::string_view rest = text.start; !rest.empty();) {
    points.push_back(next_point(rest));
  }
  return points;
}

std::vector<std::uint8_t> count_grams(std::u32string_view points, int bits) {
  std::vector<std::uint8_t> bins(std::size_t{1} << bits);
  for (std::size_t i = 0; i + kGram <= points.size(); ++i) {
    std::uint32_t hash = 0;
    for (std::size_t at = i; at < i + kGram; ++at) {
      hash = (hash ^ static_cast<std::uint32_t>(points[at])) * 0x9E3779B1U;
      hash ^= hash >> 15;
    }
    std::uint8_t& bin = bins[(hash * 0x85EBCA77U) >> (32 - bits)];
    if (bin < 255) ++bin;
  }
  return bins;
}

// By how much so many bins differ. In a form that compilers make a few instructions of.
constexpr std::size_t kBlock = 64;
std::size_t block_distance(const std::uint8_t* a, const std::uint8_t* b) {
  int sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    sum += std::abs(static_cast<int>(a[i]) - static_cast<int>(b[i]));
  }
  return static_cast<std::size_t>(sum);
}

double ratio_of(std::size_t common, std::size_t total) {
  return total == 0 ? 1.0 : 2.0 * static_cast<double>(common) / static_cast<double>(total);
}

// The least common length whose ratio reaches the threshold.
std::size_t least_common(double threshold, std::size_t total) {
  auto least =
      static_cast<std::size_t>(std::ceil(threshold * static_cast<double>(total) / 2));
  while (least > 0 && ratio_of(least - 1, total) >= threshold) --least;
  while (ratio_of(least, total) < threshold) ++least;
  return least;
}

}  // namespace

ComparableText::ComparableText(std::string_view text) {
  std::u32string points;
  for (std::string_view rest = text; !rest.empty();) {
    count_work();
    const char32_t point = next_point(rest);
    ++length;
    if (points.size() == kComparedCharsMax) continue;
    points.push_back(point);
    ++characters[static_cast<std::size_t>(point) % characters.size()];
    start = text.substr(0, text.size() - rest.size());
  }
  compared = points.size();
  grams = count_grams(points, bin_bits(compared));
}

void SequenceMatcher::prepare() {
  if (words_ > 0 || pattern_.compared == 0) return;
  points_ = points_of(pattern_);
  words_ = (points_.size() + 63) / 64;
  for (std::size_t i = 0; i < points_.size(); ++i) {
    const auto [found, is_new] = offsets_.try_emplace(points_[i], masks_.size());
    if (is_new) {
      masks_.resize(masks_.size() + words_, 0);
      if (points_[i] < ascii_offsets_.size()) {
        ascii_offsets_[points_[i]] = found->second + 1;
      }
    }
    masks_[found->second + i / 64] |= std::uint64_t{1} << (i % 64);
  }
}

// Whether the runs differ by more than that.
bool SequenceMatcher::grams_differ(const ComparableText& other, std::size_t most,
                                   std::size_t& steps) {
  const std::vector<std::uint8_t>* own = &pattern_.grams;
  if (own->size() != other.grams.size()) {
    const auto bits = static_cast<std::size_t>(std::countr_zero(other.grams.size()));
    if (grams_by_bits_.size() <= bits) grams_by_bits_.resize(bits + 1);
    if (grams_by_bits_[bits].empty()) {
      grams_by_bits_[bits] = count_grams(points_of(pattern_), static_cast<int>(bits));
    }
    own = &grams_by_bits_[bits];
  }
  std::size_t distance = 0;
  std::size_t done = 0;
  for (; done < own->size() && distance <= most; done += kBlock) {
    distance += block_distance(own->data() + done, other.grams.data() + done);
  }
  steps += done / kBlock / 4;
  count_work(done / kBlock / 4);
  return distance > most;
}

// The length of the longest common subsequence where it is at least `least`; otherwise
// something smaller. What is not within reach of the diagonal is left out: a subsequence of
// that length leaves out no more of either text than the rest.
std::size_t SequenceMatcher::common_subsequence(const ComparableText& other,
                                                std::size_t least, std::size_t& steps) {
  prepare();
  const std::u32string points = points_of(other);
  if (words_ == 0 || points.empty()) return 0;
  const std::size_t ahead = points_.size() - std::min(least, points_.size());
  const std::size_t behind = points.size() - std::min(least, points.size());
  // A zero bit i says that the subsequence grows at pattern character i.
  std::vector<std::uint64_t> rows(words_, ~std::uint64_t{0});
  const auto common = [&] {
    std::size_t count = 0;
    for (const std::uint64_t row : rows) {
      count += static_cast<std::size_t>(std::popcount(~row));
    }
    return count;
  };
  std::size_t first = 0;
  std::size_t work = 0;
  for (std::size_t at = 0; at < points.size(); ++at) {
    if (at % 64 == 0 && at > 0 && common() + (points.size() - at) < least) break;
    const char32_t point = points[at];
    const std::uint64_t* mask = nullptr;
    if (point < ascii_offsets_.size()) {
      if (const std::size_t offset = ascii_offsets_[point]; offset > 0) {
        mask = masks_.data() + (offset - 1);
      }
    } else if (const auto found = offsets_.find(point); found != offsets_.end()) {
      mask = masks_.data() + found->second;
    }
    if (at > behind) first = (at - behind) / 64;
    if (mask == nullptr) continue;
    const std::size_t last = std::min(words_, (at + ahead) / 64 + 1);
    work += last - std::min(first, last) + 4;
    std::uint64_t carry = 0;
    for (std::size_t w = first; w < last; ++w) {
      const std::uint64_t row = rows[w];
      const std::uint64_t hit = row & mask[w];
      const std::uint64_t partial = row + hit;
      const std::uint64_t sum = partial + carry;
      carry = (partial < row || sum < partial) ? 1 : 0;
      rows[w] = sum | (row & ~hit);
    }
  }
  steps += work / 8;
  count_work(work / 8);
  return common();
}

double SequenceMatcher::ratio(const ComparableText& other) {
  std::size_t steps = 0;
  return ratio_of(common_subsequence(other, 0, steps), pattern_.compared + other.compared);
}

bool SequenceMatcher::reaches(const ComparableText& other, double threshold,
                              std::size_t& steps) {
  ++steps;
  if (ratio_of(std::min(pattern_.length, other.length), pattern_.length + other.length) <
      threshold) {
    return false;
  }
  const std::size_t total = pattern_.compared + other.compared;
  const std::size_t least = least_common(threshold, total);
  if (least > std::min(pattern_.compared, other.compared)) return false;
  const std::size_t edits = total - 2 * least;
  if (grams_differ(other, kGramsPerEdit * edits, steps)) return false;
  std::size_t shared = 0;
  for (std::size_t i = 0; i < pattern_.characters.size(); ++i) {
    shared += std::min(pattern_.characters[i], other.characters[i]);
  }
  if (shared < least) return false;
  return common_subsequence(other, least, steps) >= least;
}

}  // namespace trawl
