#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/bitmap.h"

namespace trawl::lexical {

// The numbers that rows have once those that are gone have none. The others stay in order.
class Renumbering {
 public:
  explicit Renumbering(Bitmap gone) : gone_(std::move(gone)) {
    std::uint32_t count = 0;
    for (std::size_t word = 0; word * 64 < gone_.size(); ++word) {
      gone_before_.push_back(count);
      count += static_cast<std::uint32_t>(std::popcount(gone_.word(word)));
    }
    gone_before_.push_back(count);
  }

  // Of a row that is gone, or one after the last: the number that the next one has.
  std::uint32_t operator()(std::uint32_t row) const {
    const std::size_t word = row / 64;
    if (row >= gone_.size()) return row - gone_before_.back();
    const std::uint64_t before = (std::uint64_t{1} << (row % 64)) - 1;
    return row - gone_before_[word] -
           static_cast<std::uint32_t>(std::popcount(gone_.word(word) & before));
  }
  const Bitmap& gone() const { return gone_; }

 private:
  Bitmap gone_;
  std::vector<std::uint32_t> gone_before_;  // Each word, and the end.
};

}  // namespace trawl::lexical
