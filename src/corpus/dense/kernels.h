#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace trawl::dense {

// Vectors whose codes a kernel looks at in one call, at most.
inline constexpr std::size_t kBatch = 64;

// The bits of so many vectors lie side by side, the same byte of all of them together, as
// they are looked up; and a kernel looks at so many such blocks in one call, at most.
inline constexpr std::size_t kBlock = 16;
inline constexpr std::size_t kBlocksAtOnce = 32;

// The bytes of a vector's bits are a multiple of this.
inline constexpr std::size_t kBitsAlign = 4;

// What the set bits of a vector add up to for a query: a table for each four dimensions, as
// a register can hold it (André et al., "Cache locality is not enough", VLDB 2015).
struct BitTables {
  std::size_t stride = 0;  // Bytes of a vector's bits.
  // For each four bytes of these: for each of them the 16 sums for its low four bits, then
  // for each those for its high.
  std::vector<std::uint8_t> sums;
  std::int32_t offset = 0;  // 2 * sum - offset is the product with the signs,
  float unit = 0;           // in units of this.

  const std::uint8_t* low(std::size_t byte) const {
    return sums.data() + byte / kBitsAlign * (kBitsAlign * 32) + byte % kBitsAlign * 16;
  }
  const std::uint8_t* high(std::size_t byte) const { return low(byte) + kBitsAlign * 16; }
};

// Vectors from the first of a block on.
struct BitBlocks {
  const std::uint8_t* bits = nullptr;  // Byte b of vector v of a block at b * kBlock + v.
  const std::uint16_t* factors = nullptr;
  const std::uint16_t* squares = nullptr;  // Null but under Metric::l2.
};

// The inner loops, for one kind of processor. What they give is the same for all kinds, to
// the last bit: integers are exact, and floats are added in one order. Thread-safe.
struct Kernels {
  const char* name;

  // The sum of a[i] * b[i], of which each product and sum is rounded to float32: lane l of
  // 16 has the elements l, l + 16, …, and the lanes are added by halves.
  float (*dot)(const float* a, const float* b, std::size_t size);
  // The sum of (a[i] - b[i])², likewise.
  float (*squared_distance)(const float* a, const float* b, std::size_t size);

  // out[i] = the sum of codes[at[i] * dimension + d] * query[d]. At most kBatch.
  void (*code_dots)(const std::uint8_t* codes, std::size_t dimension,
                    const std::uint32_t* at, std::size_t count, const std::int8_t* query,
                    std::int32_t* out);

  // How alike the vectors of the blocks at[i] are, as far as their bits tell: estimates of
  // kBlock vectors for each, and in found[i] which of them are at least so much, the first
  // in the lowest bit. At most kBlocksAtOnce. An estimate is the product with the signs
  // times the factor, and where there are squares, that in units of 1, twice, less the
  // square. What the tables have for a vector adds up to less than 65,536.
  void (*estimate)(const BitBlocks& blocks, const std::uint32_t* at, std::size_t count,
                   const BitTables& tables, float least, float* estimates,
                   std::uint16_t* found);
};

// How a vector's size of 16 bits is read.
inline float from_half(std::uint16_t half) {
  return std::bit_cast<float>(std::uint32_t{half} << 16);
}

// The quickest that this machine runs; all that it runs, the portable ones first.
const Kernels& kernels();
std::span<const Kernels* const> all_kernels();

// Null where the compiler or the machine has no such instructions.
const Kernels* avx2_kernels();
const Kernels* avx512_kernels();

}  // namespace trawl::dense
