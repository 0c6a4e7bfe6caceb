#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace trawl::dense {

// Vectors whose codes or bits a kernel looks at in one call.
inline constexpr std::size_t kBatch = 64;

// The bits of vectors are read in pieces of so many bytes.
inline constexpr std::size_t kPieceBytes = 16;

// What the set bits of a vector add up to for a query: a table for each four dimensions, as
// a register can hold it (André et al., "Cache locality is not enough", VLDB 2015).
struct BitTables {
  std::size_t piece_count = 0;
  // For each byte of a vector's bits: 16 sums for its low four bits, then 16 for its high.
  std::vector<std::uint8_t> sums;
  // The same in the order in which four bytes are looked up at once: of each piece, for i
  // from 0 to 3, the tables of the low bits of the bytes i, 4 + i, 8 + i and 12 + i, then
  // those of the high bits.
  std::vector<std::uint8_t> strided_sums;
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

  // out[i] = the sum of what the tables have for the bits of vector at[i], below 65,536.
  // Always of kBatch vectors, of which each has piece_count * kPieceBytes bytes.
  void (*bit_sums)(const std::uint8_t* bits, const std::uint32_t* at,
                   const BitTables& tables, std::int32_t* out);

  // Which of kBatch values are at least so much, the first in the lowest bit.
  std::uint64_t (*at_least)(const float* values, float least);
};

// The quickest that this machine runs; all that it runs, the portable ones first.
const Kernels& kernels();
std::span<const Kernels* const> all_kernels();

// Null where the compiler or the machine has no such instructions.
const Kernels* avx2_kernels();
const Kernels* avx512_kernels();

}  // namespace trawl::dense
