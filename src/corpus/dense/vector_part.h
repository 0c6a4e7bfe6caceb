#pragma once

#include <cstddef>
#include <cstdint>

#include "corpus/dense/vector_code.h"

namespace trawl::dense {

// Vectors one after the other, as a segment or the tail holds them: each array has an
// element, or `dimension` or bits_stride() of them, for each. Whoever made it keeps the
// memory.
struct VectorPart {
  std::uint32_t count = 0;
  std::uint32_t dimension = 0;
  const std::uint32_t* rows = nullptr;
  const std::uint16_t* scales = nullptr;
  const std::uint16_t* factors = nullptr;
  const std::uint16_t* squares = nullptr;  // Null but under Metric::l2.
  const std::uint8_t* bits = nullptr;
  const std::uint8_t* codes = nullptr;
  const float* values = nullptr;
  // Each row is greater than the one before: none has several vectors.
  bool is_ascending = true;
  std::uint32_t row_min = UINT32_MAX;
  std::uint32_t row_max = 0;

  const float* values_at(std::size_t i) const { return values + i * dimension; }
  std::uint16_t square(std::size_t i) const { return squares == nullptr ? 0 : squares[i]; }
  // Where the vectors of the row end of which i is one. All vectors of a row are in one
  // part.
  std::uint32_t run_end(std::uint32_t i) const {
    const std::uint32_t row = rows[i++];
    while (i < count && rows[i] == row) ++i;
    return i;
  }
  std::uint32_t run_begin(std::uint32_t i) const {
    while (i > 0 && rows[i - 1] == rows[i]) --i;
    return i;
  }
};

}  // namespace trawl::dense
