#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "corpus/dense/kernels.h"
#include "model/collection.h"

// How vectors are kept small, and what can be said of a similarity from that. Everything is
// computed in one order of single roundings, so that it is the same on every machine.
namespace trawl::dense {

// The upper half of a float32 as from_half() reads it: the least that is not below a value
// of 0 or more. Not for infinities, or what is no number.
inline std::uint16_t half_above(float value) {
  return static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(value) + 0xffff) >> 16);
}

// A vector x, as far as searches look at it before they look at its values; under
// Metric::cosine all of this is of x / |x|.
//
//   codes  a byte for each dimension: 128 + x[d] / scale, rounded, within 1 to 255
//   bits   one for each dimension, the first in the lowest bit: whether x[d] >= 0; in
//          bits_stride() bytes, the rest of which is 0
//   factor such that factor * <sign(x), y> is about <x, y>: |x|² / the sum of |x[d]| (Gao
//          and Long, "RaBitQ", SIGMOD 2024, without its rotation)
struct VectorConstants {
  std::uint16_t scale = 0;
  std::uint16_t factor = 0;
  std::uint16_t square = 0;  // |x|², under Metric::l2 alone.
};

inline std::size_t bits_stride(std::uint32_t dimension) {
  const std::size_t aligned_bits = kBitsAlign * 8;
  return (dimension + aligned_bits - 1) / aligned_bits * kBitsAlign;
}

VectorConstants encode_vector(Metric metric, std::span<const float> values,
                              std::uint8_t* codes, std::uint8_t* bits);

// Between what and what the score that exact_score() gives lies.
struct Bounds {
  double low = 0;
  double high = 0;
};

// One vector of a query. Thread-safe.
class QueryVector {
 public:
  QueryVector(Metric metric, std::span<const float> values);

  // How alike it is to a vector, in float32.
  float exact_score(const float* values) const;

  const std::int8_t* codes() const { return codes_.data(); }
  // From what Kernels::code_dots() gives for the codes of a vector.
  Bounds bounds(std::int32_t code_dot, std::uint16_t scale, std::uint16_t factor,
                std::uint16_t square) const;

  // For Kernels::estimate(), for those alone who asked for them first.
  void make_tables();
  const BitTables& tables() const { return tables_; }

 private:
  const Metric metric_;
  const std::span<const float> values_;
  float inverse_length_ = 1;  // Under Metric::cosine.
  std::vector<std::int8_t> codes_;
  std::int32_t code_sum_ = 0;
  double scale_ = 0;
  double length_ = 0;          // Under Metric::cosine about 1.
  double code_error_ = 0;      // The length of what the codes do not tell.
  double root_dimension_ = 0;  // Its square root.
  double rounding_ = 0;        // Of sums of as many float32, as a share of the lengths.

  BitTables tables_;
};

}  // namespace trawl::dense
