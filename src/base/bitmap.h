#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace trawl {

// A set of row numbers below a fixed size; empty at first. test() takes any number, set()
// and reset() only those below size(). Reading is safe from many threads at once.
class Bitmap {
 public:
  Bitmap() = default;
  explicit Bitmap(std::uint32_t size) : size_(size), words_((size + 63) / 64) {}

  std::uint32_t size() const { return size_; }
  bool test(std::uint32_t i) const {
    return i < size_ && (words_[i / 64] >> (i % 64) & 1) != 0;
  }
  void set(std::uint32_t i) { words_[i / 64] |= std::uint64_t{1} << (i % 64); }
  void reset(std::uint32_t i) { words_[i / 64] &= ~(std::uint64_t{1} << (i % 64)); }
  // Numbers 64 * w to 64 * w + 63, the first in the lowest bit; 0 beyond the size.
  std::uint64_t word(std::size_t w) const { return w < words_.size() ? words_[w] : 0; }
  std::uint32_t count() const {
    std::uint32_t total = 0;
    for (const auto word : words_) total += static_cast<std::uint32_t>(std::popcount(word));
    return total;
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      for (auto word = words_[w]; word != 0; word &= word - 1) {
        visit(static_cast<std::uint32_t>(w * 64 + std::countr_zero(word)));
      }
    }
  }

 private:
  std::uint32_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace trawl
