#include "corpus/dense/vector_code.h"

#include <algorithm>
#include <cstring>

namespace trawl::dense {
namespace {

constexpr float kCodeMax = 127;
constexpr int kCodeZero = 128;
// Vectors that are shorter have codes of zeros.
constexpr float kScaleMin = 1e-30f;
// Two sums of tables are added in a byte.
constexpr float kTableSumMax = 127;

// To the nearest integer, halves to even; for values that are far below 2^22.
float rounded(float value) {
  constexpr float kShift = 12'582'912;  // 1.5 * 2^23
  return (value + kShift) - kShift;
}

struct Size {
  float greatest = 0;
  float sum = 0;
};

// Of the absolute values. In lanes, as the compiler can do several at once.
Size size_of(std::span<const float> values) {
  constexpr std::size_t kAtOnce = 16;
  float greatest[kAtOnce] = {};
  float sums[kAtOnce] = {};
  const auto take = [&](std::size_t lane, float value) {
    const float size = std::fabs(value);
    greatest[lane] = size > greatest[lane] ? size : greatest[lane];
    sums[lane] += size;
  };
  std::size_t i = 0;
  for (; i + kAtOnce <= values.size(); i += kAtOnce) {
    for (std::size_t l = 0; l < kAtOnce; ++l) take(l, values[i + l]);
  }
  for (std::size_t l = 0; i + l < values.size(); ++l) take(l, values[i + l]);
  Size all;
  for (std::size_t l = 0; l < kAtOnce; ++l) {
    all.greatest = std::max(all.greatest, greatest[l]);
    all.sum += sums[l];
  }
  return all;
}

float inverse_length(const float* values, std::size_t size) {
  return 1.0f / std::sqrt(kernels().dot(values, values, size));
}

}  // namespace

VectorConstants encode_vector(Metric metric, std::span<const float> values,
                              std::uint8_t* codes, std::uint8_t* bits) {
  const std::size_t dimension = values.size();
  const float square = kernels().dot(values.data(), values.data(), dimension);
  const float inverse = metric == Metric::cosine ? 1.0f / std::sqrt(square) : 1.0f;
  const Size size = size_of(values);
  VectorConstants constants;
  constants.scale = half_above(std::max(size.greatest * inverse / kCodeMax, kScaleMin));
  const float to_code = inverse / from_half(constants.scale);
  for (std::size_t d = 0; d < dimension; ++d) {
    const float code = rounded(values[d] * to_code);
    codes[d] = static_cast<std::uint8_t>(
        static_cast<int>(std::clamp(code, -kCodeMax, kCodeMax)) + kCodeZero);
  }
  std::memset(bits, 0, bits_stride(static_cast<std::uint32_t>(dimension)));
  for (std::size_t d = 0; d < dimension; ++d) {
    bits[d / 8] = static_cast<std::uint8_t>(bits[d / 8] | (values[d] >= 0) << (d % 8));
  }
  if (size.sum > 0) {
    const float own_square = metric == Metric::cosine ? 1.0f : square;
    constants.factor = half_above(own_square / (size.sum * inverse));
  }
  if (metric == Metric::l2) constants.square = half_above(square);
  return constants;
}

QueryVector::QueryVector(Metric metric, std::span<const float> values)
    : metric_(metric), values_(values), codes_(values.size()) {
  const auto dimension = static_cast<double>(values.size());
  root_dimension_ = std::sqrt(dimension);
  // 16 lanes of dimension / 16 sums, twice what they can be off, and what surrounds them.
  rounding_ = (dimension / 16 + 32) * 0x1p-23;
  if (metric == Metric::cosine) {
    inverse_length_ = inverse_length(values.data(), values.size());
  }
  const double inverse = inverse_length_;
  double greatest = 0;
  double square = 0;
  for (const float value : values) {
    const double own = value * inverse;
    greatest = std::max(greatest, std::fabs(own));
    square += own * own;
  }
  length_ = std::sqrt(square);
  scale_ = std::max(greatest / kCodeMax, 1e-30);
  double error = 0;
  for (std::size_t d = 0; d < values.size(); ++d) {
    const double own = values[d] * inverse;
    const double code = std::clamp(std::nearbyint(own / scale_), -127.0, 127.0);
    codes_[d] = static_cast<std::int8_t>(code);
    code_sum_ += static_cast<std::int32_t>(code);
    error += (own - code * scale_) * (own - code * scale_);
  }
  code_error_ = std::sqrt(error) * (1 + 1e-9);
}

float QueryVector::exact_score(const float* values) const {
  const auto& kernel = kernels();
  const std::size_t size = values_.size();
  float score = 0;
  switch (metric_) {
    case Metric::cosine: {
      const float product = kernel.dot(values_.data(), values, size) * inverse_length_;
      score = std::clamp(product * inverse_length(values, size), -1.0f, 1.0f);
      break;
    }
    case Metric::dot:
      score = kernel.dot(values_.data(), values, size);
      break;
    case Metric::l2:
      score = 1 / (1 + std::sqrt(kernel.squared_distance(values_.data(), values, size)));
      break;
  }
  // Only of a file that somebody made up; an order needs numbers.
  return std::isnan(score) ? -INFINITY : score;
}

Bounds QueryVector::bounds(std::int32_t code_dot, const std::uint16_t scale,
                           std::uint16_t factor, std::uint16_t square) const {
  const double own_scale = from_half(scale);
  const double product =
      own_scale * scale_ * (code_dot - std::int32_t{kCodeZero} * code_sum_);
  // Of codes that are off by a half, and of the rounding before they were.
  const double own_error = own_scale * root_dimension_ * 0.5001;
  // The sum of |x[d]| is at most |x| times the root of the dimension, whence the length.
  const double own_length =
      metric_ == Metric::cosine ? 1 : from_half(factor) * root_dimension_;
  // <x, q> - <x', q'> is <x - x', q> + <x', q - q'>.
  const double error = own_error * length_ + (own_length + own_error) * code_error_ +
                       rounding_ * own_length * length_;
  if (metric_ != Metric::l2) return {product - error, product + error};

  const double square_high = from_half(square);
  const double square_low = square_high * (1 - 0x1p-7);
  const double own = length_ * length_;
  const double near = std::max(0.0, own + square_low - 2 * (product + error));
  const double far = std::max(0.0, own + square_high - 2 * (product - error));
  return {1 / (1 + std::sqrt(far)) * (1 - rounding_),
          1 / (1 + std::sqrt(near)) * (1 + rounding_)};
}

void QueryVector::make_tables() {
  const std::size_t dimension = values_.size();
  const std::size_t groups = (dimension + 3) / 4;
  float greatest = 0;  // Of the sums of four.
  for (std::size_t d = 0; d < dimension; d += 4) {
    float sum = 0;
    for (std::size_t i = d; i < std::min(d + 4, dimension); ++i) {
      sum += std::fabs(values_[i]);
    }
    greatest = std::max(greatest, sum);
  }
  // Less what rounding four values can add.
  const float most =
      std::min(kTableSumMax, std::floor(65'535.0f / static_cast<float>(groups))) - 2;
  const float unit = greatest > 0 ? most / greatest : 0;
  tables_.unit = unit > 0 ? 1 / unit : 0;
  tables_.stride = bits_stride(static_cast<std::uint32_t>(dimension));
  tables_.sums.assign(tables_.stride * 32, 0);
  tables_.offset = 0;
  for (std::size_t group = 0; group < groups; ++group) {
    int parts[4] = {};
    int negative = 0;
    for (std::size_t i = 0; i < 4 && group * 4 + i < dimension; ++i) {
      parts[i] = static_cast<int>(rounded(values_[group * 4 + i] * unit));
      if (parts[i] < 0) negative -= parts[i];
      tables_.offset += parts[i];
    }
    // Sums are kept above zero by what they can be below it.
    tables_.offset += 2 * negative;
    const std::size_t byte = group / 2;
    const auto begin =
        (group % 2 == 0 ? tables_.low(byte) : tables_.high(byte)) - tables_.sums.data();
    for (int set = 0; set < 16; ++set) {
      int sum = negative;
      for (int i = 0; i < 4; ++i) sum += (set >> i & 1) * parts[i];
      tables_.sums[static_cast<std::size_t>(begin + set)] = static_cast<std::uint8_t>(sum);
    }
  }
}

}  // namespace trawl::dense
