#include "corpus/dense/kernels.h"

#include <algorithm>

namespace trawl::dense {
namespace {

constexpr std::size_t kLanes = 16;

float add_lanes(float* lanes) {
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  }
  return lanes[0];
}

float dot_portable(const float* a, const float* b, std::size_t size) {
  float lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
  }
  for (std::size_t l = 0; i + l < size; ++l) lanes[l] += a[i + l] * b[i + l];
  return add_lanes(lanes);
}

float squared_distance_portable(const float* a, const float* b, std::size_t size) {
  float lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const float difference = a[i + l] - b[i + l];
      lanes[l] += difference * difference;
    }
  }
  for (std::size_t l = 0; i + l < size; ++l) {
    const float difference = a[i + l] - b[i + l];
    lanes[l] += difference * difference;
  }
  return add_lanes(lanes);
}

void code_dots_portable(const std::uint8_t* codes, std::size_t dimension,
                        const std::uint32_t* at, std::size_t count,
                        const std::int8_t* query, std::int32_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* const code = codes + at[i] * dimension;
    std::int32_t sum = 0;
    for (std::size_t d = 0; d < dimension; ++d) sum += code[d] * query[d];
    out[i] = sum;
  }
}

void estimate_portable(const BitBlocks& blocks, const std::uint32_t* at, std::size_t count,
                       const BitTables& tables, float least, float* estimates,
                       std::uint16_t* found) {
  const float scale = 2 * tables.unit;
  for (std::size_t i = 0; i < count; ++i, estimates += kBlock) {
    const std::size_t first = at[i] * kBlock;
    const std::uint8_t* own = blocks.bits + first * tables.stride;
    std::int32_t sums[kBlock] = {};
    for (std::size_t b = 0; b < tables.stride; ++b, own += kBlock) {
      const std::uint8_t* const low = tables.low(b);
      const std::uint8_t* const high = tables.high(b);
      for (std::size_t v = 0; v < kBlock; ++v) {
        sums[v] += low[own[v] & 15] + high[own[v] >> 4];
      }
    }
    unsigned better = 0;
    for (std::size_t v = 0; v < kBlock; ++v) {
      const auto product = static_cast<float>(2 * sums[v] - tables.offset);
      float estimate = from_half(blocks.factors[first + v]) * product;
      if (blocks.squares != nullptr) {
        estimate = estimate * scale - from_half(blocks.squares[first + v]);
      }
      estimates[v] = estimate;
      better |= static_cast<unsigned>(estimate >= least) << v;
    }
    found[i] = static_cast<std::uint16_t>(better);
  }
}

constexpr Kernels kPortable{"portable", dot_portable, squared_distance_portable,
                            code_dots_portable, estimate_portable};

std::vector<const Kernels*> find_kernels() {
  std::vector<const Kernels*> found{&kPortable};
  for (const Kernels* more : {avx2_kernels(), avx512_kernels()}) {
    if (more != nullptr) found.push_back(more);
  }
  return found;
}

}  // namespace

std::span<const Kernels* const> all_kernels() {
  static const std::vector<const Kernels*> all = find_kernels();
  return all;
}

const Kernels& kernels() {
  static const Kernels& best = *all_kernels().back();
  return best;
}

}  // namespace trawl::dense
