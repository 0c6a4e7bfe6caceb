#include "stages/reduce/sampling.h"

#include <algorithm>
#include <cmath>

#include "base/work_limit.h"

namespace trawl {

std::uint64_t SampleRandom::below(std::uint64_t bound) {
  // Draws below 2^64 mod bound are refused: what remains is a multiple of bound, so no
  // remainder is more likely than another.
  const std::uint64_t refused = (0 - bound) % bound;
  while (true) {
    const std::uint64_t draw = engine_();
    if (draw >= refused) return draw % bound;
  }
}

double SampleRandom::unit() {
  return static_cast<double>(engine_() >> 11) * 0x1p-53;
}

std::vector<std::size_t> sample_random(std::size_t size, std::size_t count,
                                       SampleRandom& random) {
  count_work(2 * size);
  std::vector<std::size_t> positions(size);
  for (std::size_t i = 0; i < size; ++i) positions[i] = i;
  count = std::min(count, size);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(positions[i], positions[i + random.below(size - i)]);
  }
  positions.resize(count);
  std::sort(positions.begin(), positions.end());
  return positions;
}

std::vector<std::size_t> sample_reservoir(std::size_t size, std::size_t count,
                                          SampleRandom& random) {
  count_work(4 * size);
  std::vector<std::size_t> kept;
  kept.reserve(std::min(count, size));
  for (std::size_t i = 0; i < size && count > 0; ++i) {
    if (kept.size() < count) {
      kept.push_back(i);
    } else if (const auto slot = random.below(i + 1); slot < count) {
      kept[slot] = i;
    }
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

std::vector<std::size_t> sample_systematic(std::size_t size, std::size_t count,
                                           SampleRandom& random) {
  count = std::min(count, size);
  std::vector<std::size_t> positions;
  positions.reserve(count);
  if (count == 0) return positions;
  // The distance is at least 1, so no position comes twice.
  const double distance = static_cast<double>(size) / static_cast<double>(count);
  const double start = random.unit() * distance;
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(start + distance * static_cast<double>(i));
    positions.push_back(std::min(at, size - 1));
  }
  return positions;
}

std::vector<std::size_t> allocate_strata(const std::vector<std::size_t>& sizes,
                                         std::size_t count, std::size_t floor) {
  std::size_t total = 0;
  for (const std::size_t size : sizes) total += size;
  if (count >= total) return sizes;

  std::vector<std::size_t> largest_first(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) largest_first[i] = i;
  std::stable_sort(largest_first.begin(), largest_first.end(),
                   [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });

  std::vector<std::size_t> taken(sizes.size(), 0);
  std::size_t left = count;
  for (const std::size_t i : largest_first) {
    taken[i] = std::min({floor, sizes[i], left});
    left -= taken[i];
  }

  // What the floors leave is shared out by how far each stratum is below its proportional
  // share. These shortfalls add up to at least `left`, so nobody is given more than its
  // shortfall, which never exceeds what the stratum has left.
  std::vector<double> shortfall(sizes.size(), 0.0);
  double shortfall_sum = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const double share = static_cast<double>(count) * static_cast<double>(sizes[i]) /
                         static_cast<double>(total);
    shortfall[i] = std::max(0.0, share - static_cast<double>(taken[i]));
    shortfall_sum += shortfall[i];
  }
  std::vector<double> remainder(sizes.size(), 0.0);
  const auto wanted = static_cast<double>(left);
  for (std::size_t i = 0; i < sizes.size() && shortfall_sum > 0; ++i) {
    const double more = std::min(shortfall[i], wanted * shortfall[i] / shortfall_sum);
    const std::size_t whole =
        std::min({static_cast<std::size_t>(more), sizes[i] - taken[i], left});
    taken[i] += whole;
    left -= whole;
    remainder[i] = more - std::floor(more);
  }
  std::stable_sort(
      largest_first.begin(), largest_first.end(),
      [&](std::size_t a, std::size_t b) { return remainder[a] > remainder[b]; });
  // One round is enough but for rounding errors; the count is met in any case.
  while (left > 0) {
    for (const std::size_t i : largest_first) {
      if (left > 0 && taken[i] < sizes[i]) {
        ++taken[i];
        --left;
      }
    }
  }
  return taken;
}

}  // namespace trawl
