#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace trawl::dense {

// Of a vector, as far as its bits tell.
struct Estimate {
  float estimate;
  std::uint32_t row;
  std::uint32_t part;
  std::uint32_t vector;
};

inline bool is_better(const Estimate& a, const Estimate& b) {
  return a.estimate != b.estimate ? a.estimate > b.estimate : a.row < b.row;
}

// Keeps the best of those added, in no order. It counts how many there are of about each
// size, which says early below what none is worth adding. Which are kept does not depend on
// the order in which they come. Not thread-safe.
class BestEstimates {
 public:
  explicit BestEstimates(std::size_t count) : count_(count), counts_(kSizes) {
    all_.reserve(kKeptPerBest * count);
  }

  float threshold() const { return threshold_; }
  void add(const Estimate& one) {
    if (!(one.estimate >= threshold_)) return;
    all_.push_back(one);
    ++counts_[size_of(one.estimate)];
    ++kept_;
    if (kept_ - counts_[least_] >= count_) raise();
    if (all_.size() == kKeptPerBest * count_) make_room();
  }
  std::vector<Estimate> take() {
    drop();
    choose();
    return std::move(all_);
  }

 private:
  // Sign, exponent and the first bits of the fraction, so that the greater has the greater.
  static constexpr unsigned kSizeBits = 15;
  static constexpr std::size_t kSizes = std::size_t{1} << kSizeBits;
  static constexpr std::size_t kKeptPerBest = 4;

  static std::size_t size_of(float estimate) {
    const auto bits = std::bit_cast<std::uint32_t>(estimate + 0.0f);  // -0 is 0.
    const std::uint32_t ordered = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
    return ordered >> (32 - kSizeBits);
  }
  // The least of a size; no number where that is of none, which std::max() passes over.
  static float least_of(std::size_t size) {
    const auto ordered = static_cast<std::uint32_t>(size << (32 - kSizeBits));
    return std::bit_cast<float>((ordered >> 31) != 0 ? ordered & 0x7fffffffu : ~ordered);
  }

  void raise() {
    while (kept_ - counts_[least_] >= count_) kept_ -= counts_[least_++];
    threshold_ = std::max(threshold_, least_of(least_));
  }
  void make_room() {
    drop();
    if (all_.size() <= kKeptPerBest / 2 * count_) return;
    // Many are of one size.
    choose();
    std::fill(counts_.begin(), counts_.end(), 0);
    for (const Estimate& one : all_) ++counts_[size_of(one.estimate)];
    kept_ = all_.size();
    least_ = 0;
  }
  void drop() {
    std::erase_if(all_, [&](const Estimate& one) { return one.estimate < threshold_; });
  }
  void choose() {
    if (all_.size() <= count_) return;
    const auto last = all_.begin() + static_cast<std::ptrdiff_t>(count_) - 1;
    std::nth_element(all_.begin(), last, all_.end(), is_better);
    threshold_ = std::max(threshold_, last->estimate);
    all_.resize(count_);
  }

  const std::size_t count_;
  std::vector<Estimate> all_;
  std::vector<std::uint32_t> counts_;
  std::size_t least_ = 0;  // Those of smaller sizes are not counted any more.
  std::size_t kept_ = 0;   // Those of this size and of greater ones.
  float threshold_ = -INFINITY;
};

}  // namespace trawl::dense
