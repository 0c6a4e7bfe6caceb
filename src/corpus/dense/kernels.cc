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

void bit_sums_portable(const std::uint8_t* bits, const std::uint32_t* at,
                       const BitTables& tables, std::int32_t* out) {
  const std::size_t stride = tables.piece_count * kPieceBytes;
  for (std::size_t i = 0; i < kBatch; ++i) {
    const std::uint8_t* const own = bits + at[i] * stride;
    const std::uint8_t* table = tables.sums.data();
    std::int32_t sum = 0;
    for (std::size_t b = 0; b < stride; ++b, table += 32) {
      sum += table[own[b] & 15] + table[16 + (own[b] >> 4)];
    }
    out[i] = sum;
  }
}

std::uint64_t at_least_portable(const float* values, float least) {
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < kBatch; ++i) {
    found |= std::uint64_t{values[i] >= least} << i;
  }
  return found;
}

constexpr Kernels kPortable{
    "portable",         dot_portable,      squared_distance_portable,
    code_dots_portable, bit_sums_portable, at_least_portable};

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
