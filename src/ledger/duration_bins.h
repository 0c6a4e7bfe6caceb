#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace trawl {

// Durations in bins, ten to each power of ten, as wide as they are long: from 0.01 ms to
// some three hours, with a bin for what is shorter and one for what is longer. The bounds
// are preferred numbers (10, 12.5, 16, 20 … 80, 100), which read the same everywhere.
// A bin has its first bound and not its second, so that every duration lies in one.

// The bounds in milliseconds, from the first, which is 0.01, to the last.
std::span<const double> duration_bounds_ms();

// How many bounds a duration has reached, which is the number of its bin: from 0 to the
// number of bounds. A negative one, and NaN, lie in the first.
std::size_t duration_bin(double duration_ms);

struct DurationBin {
  double start_ms = 0;
  std::optional<double> end_ms;  // The first of the next bin; none of the last.
};
// Of a number that duration_bin() gave.
DurationBin duration_bin_at(std::size_t bin);

}  // namespace trawl
