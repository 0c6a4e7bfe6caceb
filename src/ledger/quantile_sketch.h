#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trawl {

// Quantiles of numbers that were seen, within one per cent of the true value, in a few
// hundred bytes however many they were. Two sketches merge into that of both.
//
// The logarithmic histogram of DDSketch (Masson, Rim and Lee, VLDB 2019), without a limit
// on its buckets: from a microsecond to a year there are 1,300.
//
// Plain data; not thread-safe.
class QuantileSketch {
 public:
  static constexpr double kRelativeError = 0.01;
  // The greatest number whose bucket has a number of 16 bits, about.
  static constexpr double kGreatest = 4e284;

  // Numbers below 0.001 count as 0, those over kGreatest as kGreatest; NaN is ignored.
  void add(double number, std::uint64_t count = 1);
  void merge(const QuantileSketch& other);

  std::uint64_t count() const { return count_; }
  // The number that a share `quantile` (0..1) of all does not exceed; 0 when there is none.
  double quantile(double quantile) const;

  // For storing: never change it. A bucket is counted in 32 bits, which is more than a row
  // group has.
  void append_to(std::string& out) const;
  // Takes a stored sketch off the front. False when the bytes are damaged; `out` is then
  // unspecified.
  static bool take(std::string_view& bytes, QuantileSketch& out);

  bool operator==(const QuantileSketch&) const = default;

 private:
  std::uint64_t count_ = 0;
  std::uint64_t zeros_ = 0;
  std::map<std::int32_t, std::uint64_t> buckets_;  // By index_of(number).
};

}  // namespace trawl
