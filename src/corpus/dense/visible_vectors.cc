#include "corpus/dense/visible_vectors.h"

#include <algorithm>

namespace trawl::dense {
namespace {

// Bits [first, first + 64) of a set of rows.
std::uint64_t bits_from(const Bitmap& rows, std::uint32_t first) {
  const std::size_t word = first / 64;
  const unsigned shift = first % 64;
  const std::uint64_t low = rows.word(word) >> shift;
  return shift == 0 ? low : low | rows.word(word + 1) << (64 - shift);
}

bool sees(const VectorView& view, std::uint32_t row) {
  return row < view.row_end && (view.dead == nullptr || !view.dead->test(row)) &&
         (view.allowed == nullptr || view.allowed->test(row));
}

std::uint64_t visible_word(const VectorPart& part, std::uint32_t begin,
                           const VectorView& view) {
  const std::uint32_t count = std::min<std::uint32_t>(part.count - begin, 64);
  const std::uint32_t first = part.row(begin);
  if (part.is_ascending && part.row(begin + count - 1) - first == count - 1) {
    const std::uint32_t seen =
        view.row_end <= first ? 0 : std::min(count, view.row_end - first);
    std::uint64_t word = seen == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << seen) - 1;
    if (view.allowed != nullptr) word &= bits_from(*view.allowed, first);
    if (view.dead != nullptr) word &= ~bits_from(*view.dead, first);
    return word;
  }
  std::uint64_t word = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    word |= std::uint64_t{sees(view, part.rows[begin + i])} << i;
  }
  return word;
}

}  // namespace

VisibleVectors::VisibleVectors(std::span<const VectorPart> parts, const VectorView& view)
    : parts_(parts) {
  for (const VectorPart& part : parts) {
    auto& words = words_.emplace_back();
    words.reserve((std::size_t{part.count} + 63) / 64);
    for (std::uint32_t begin = 0; begin < part.count; begin += 64) {
      words.push_back(visible_word(part, begin, view));
      if (part.count - begin <= 64) break;  // The sum could overflow.
    }
  }
}

std::uint64_t VisibleVectors::count() const {
  std::uint64_t count = 0;
  for (const auto& words : words_) {
    for (const auto word : words) count += static_cast<unsigned>(std::popcount(word));
  }
  return count;
}

std::uint64_t VisibleVectors::row_count() const {
  std::uint64_t count = 0;
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const VectorPart& part = parts_[p];
    for (std::size_t w = 0; w < words_[p].size(); ++w) {
      if (part.is_ascending) {
        count += static_cast<unsigned>(std::popcount(words_[p][w]));
        continue;
      }
      for (auto word = words_[p][w]; word != 0; word &= word - 1) {
        const std::size_t i = w * 64 + static_cast<unsigned>(std::countr_zero(word));
        if (i == 0 || part.rows[i - 1] != part.rows[i]) ++count;
      }
    }
  }
  return count;
}

void VisibleVectors::clear() {
  for (auto& words : words_) std::fill(words.begin(), words.end(), 0);
}

void VisibleVectors::add_row(std::size_t part, std::uint32_t vector) {
  const VectorPart& own = parts_[part];
  const std::uint32_t begin = own.is_ascending ? vector : own.run_begin(vector);
  const std::uint32_t end = own.is_ascending ? vector + 1 : own.run_end(vector);
  for (std::uint32_t i = begin; i < end; ++i) {
    words_[part][i / 64] |= std::uint64_t{1} << (i % 64);
  }
}

}  // namespace trawl::dense
