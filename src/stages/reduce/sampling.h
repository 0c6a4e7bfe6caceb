#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace trawl {

// Random numbers that are the same on every platform for the same seed; the distributions
// of the standard library are not. Not thread-safe.
class SampleRandom {
 public:
  explicit SampleRandom(std::uint64_t seed) : engine_(seed) {}
  // Uniform over 0..bound-1; bound must not be 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform over [0, 1).
  double unit();

 private:
  std::mt19937_64 engine_;
};

// `count` of the positions 0..size-1 (all, when there are fewer), ascending.
std::vector<std::size_t> sample_random(std::size_t size, std::size_t count,
                                       SampleRandom& random);
// The same distribution in one pass, without a list of all positions (Vitter's algorithm
// R).
std::vector<std::size_t> sample_reservoir(std::size_t size, std::size_t count,
                                          SampleRandom& random);
// At equal distances from a random start.
std::vector<std::size_t> sample_systematic(std::size_t size, std::size_t count,
                                           SampleRandom& random);

// How many to take of strata of these sizes: `count` in all (or everything, when there is
// less), each stratum in proportion to its size but at least `floor` of it. Where count
// does not cover the floors, larger strata go first. Rounding follows the largest
// remainder.
std::vector<std::size_t> allocate_strata(const std::vector<std::size_t>& sizes,
                                         std::size_t count, std::size_t floor);

}  // namespace trawl
