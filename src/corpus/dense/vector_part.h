#pragma once

#include <cstddef>
#include <cstdint>

#include "corpus/dense/vector_code.h"

namespace trawl::dense {

// Vectors one after the other, as a segment or the tail holds them: each array but `bits`
// has an element, or `dimension` or bits_stride() of them, for each. Whoever made it keeps
// the memory.
struct VectorPart {
  std::uint32_t count = 0;
  std::uint32_t dimension = 0;
  const std::uint32_t* rows = nullptr;  // Null where they go on from row_min by ones.
  const std::uint16_t* scales = nullptr;
  const std::uint16_t* factors = nullptr;
  const std::uint16_t* squares = nullptr;  // Null but under Metric::l2.
  const std::uint8_t* bits = nullptr;      // As BitBlocks has them.
  // Of each vector by itself; of the tail alone, where a block that is not full is still
  // written, and is read nowhere but here.
  const std::uint8_t* own_bits = nullptr;
  const std::uint8_t* codes = nullptr;
  const float* values = nullptr;
  // Each row is greater than the one before: none has several vectors.
  bool is_ascending = true;
  std::uint32_t row_min = UINT32_MAX;
  std::uint32_t row_max = 0;

  std::uint32_t row(std::uint32_t i) const {
    return rows == nullptr ? row_min + i : rows[i];
  }
  const float* values_at(std::size_t i) const { return values + i * dimension; }
  std::uint16_t square(std::size_t i) const { return squares == nullptr ? 0 : squares[i]; }
  // Where the vectors of the row end of which i is one. All vectors of a row are in one
  // part.
  std::uint32_t run_end(std::uint32_t i) const {
    if (is_ascending) return i + 1;
    const std::uint32_t row = rows[i++];
    while (i < count && rows[i] == row) ++i;
    return i;
  }
  std::uint32_t run_begin(std::uint32_t i) const {
    if (is_ascending) return i;
    while (i > 0 && rows[i - 1] == rows[i]) --i;
    return i;
  }
  // Puts the bits of vector i into a block of a vector that is number `at` in it.
  void copy_bits(std::size_t i, std::uint8_t* block, std::size_t at) const {
    const std::size_t stride = bits_stride(dimension);
    const std::size_t step = own_bits != nullptr ? 1 : kBlock;
    const std::uint8_t* const from = own_bits != nullptr
                                         ? own_bits + i * stride
                                         : bits + i / kBlock * kBlock * stride + i % kBlock;
    for (std::size_t b = 0; b < stride; ++b) block[b * kBlock + at] = from[b * step];
  }
};

}  // namespace trawl::dense
