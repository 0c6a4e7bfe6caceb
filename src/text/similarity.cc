#include "text/similarity.h"

#include <utf8proc.h>

#include <algorithm>
#include <bit>

#include "base/work_limit.h"

namespace trawl {

ComparableText::ComparableText(std::string_view text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    count_work();
    utf8proc_int32_t point = 0;
    utf8proc_ssize_t used = utf8proc_iterate(bytes, left, &point);
    if (used <= 0) {  // No UTF-8: the byte stands for itself, outside of Unicode.
      point = 0x110000 + *bytes;
      used = 1;
    }
    bytes += used;
    left -= used;
    ++length;
    if (points.size() < kComparedCharsMax) {
      points.push_back(static_cast<char32_t>(point));
      ++histogram[static_cast<std::size_t>(point) % histogram.size()];
    }
  }
}

SequenceMatcher::SequenceMatcher(const ComparableText& pattern)
    : pattern_(pattern), words_((pattern.points.size() + 63) / 64) {
  for (std::size_t i = 0; i < pattern.points.size(); ++i) {
    const auto [found, is_new] = offsets_.try_emplace(pattern.points[i], masks_.size());
    if (is_new) masks_.resize(masks_.size() + words_, 0);
    masks_[found->second + i / 64] |= std::uint64_t{1} << (i % 64);
  }
}

std::size_t SequenceMatcher::common_subsequence(const std::u32string& other) const {
  // A zero bit i says that the subsequence grows at pattern character i.
  std::vector<std::uint64_t> rows(words_, ~std::uint64_t{0});
  count_work(words_ * other.size() / 4);
  for (const char32_t point : other) {
    const auto found = offsets_.find(point);
    if (found == offsets_.end()) continue;
    std::uint64_t carry = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      const std::uint64_t row = rows[w];
      const std::uint64_t hit = row & masks_[found->second + w];
      const std::uint64_t partial = row + hit;
      const std::uint64_t sum = partial + carry;
      carry = (partial < row || sum < partial) ? 1 : 0;
      rows[w] = sum | (row & ~hit);
    }
  }
  std::size_t common = 0;
  for (std::size_t w = 0; w < words_; ++w) {
    std::uint64_t zeros = ~rows[w];
    const std::size_t bits = pattern_.points.size() - w * 64;
    if (bits < 64) zeros &= (std::uint64_t{1} << bits) - 1;
    common += static_cast<std::size_t>(std::popcount(zeros));
  }
  return common;
}

double SequenceMatcher::ratio(const ComparableText& other) const {
  const std::size_t total = pattern_.points.size() + other.points.size();
  if (total == 0) return 1.0;
  return 2.0 * static_cast<double>(common_subsequence(other.points)) /
         static_cast<double>(total);
}

bool SequenceMatcher::reaches(const ComparableText& other, double threshold,
                              std::size_t& steps) const {
  ++steps;
  count_work(pattern_.histogram.size() / 8);
  const auto ratio_of = [](std::size_t common, std::size_t total) {
    return total == 0 ? 1.0
                      : 2.0 * static_cast<double>(common) / static_cast<double>(total);
  };
  if (ratio_of(std::min(pattern_.length, other.length), pattern_.length + other.length) <
      threshold) {
    return false;
  }
  std::size_t shared = 0;
  for (std::size_t i = 0; i < pattern_.histogram.size(); ++i) {
    shared += std::min(pattern_.histogram[i], other.histogram[i]);
  }
  if (ratio_of(shared, pattern_.points.size() + other.points.size()) < threshold)
    return false;
  steps += words_ * other.points.size() / 16;
  return ratio(other) >= threshold;
}

}  // namespace trawl
