#include "corpus/dense/tail_chunk.h"

#include <algorithm>

namespace trawl::dense {

TailChunk::TailChunk(Metric metric, std::uint32_t dimension, std::uint32_t capacity)
    : metric_(metric), capacity_(capacity) {
  const auto padded = [](std::size_t bytes) { return (bytes + 127) / 64 * 64; };
  const std::size_t n = capacity;
  const std::size_t stride = bits_stride(dimension);
  const std::size_t squares = metric == Metric::l2 ? n * 2 : 0;
  const std::size_t blocks = (n + kBlock - 1) / kBlock * kBlock * stride;
  const std::size_t total = padded(n * 8) + padded(n * 4) + 2 * padded(n * 2) +
                            padded(squares) + padded(blocks) + padded(n * stride) +
                            padded(n * dimension) + padded(n * dimension * 4);
  memory_.reset(new (std::align_val_t{64}) std::byte[total]);
  std::byte* at = memory_.get();
  const auto take = [&](std::size_t bytes) {
    std::byte* const own = at;
    at += padded(bytes);
    return own;
  };
  versions_ = reinterpret_cast<std::uint64_t*>(take(n * 8));
  rows_ = reinterpret_cast<std::uint32_t*>(take(n * 4));
  scales_ = reinterpret_cast<std::uint16_t*>(take(n * 2));
  factors_ = reinterpret_cast<std::uint16_t*>(take(n * 2));
  if (squares > 0) squares_ = reinterpret_cast<std::uint16_t*>(take(squares));
  bits_ = reinterpret_cast<std::uint8_t*>(take(blocks));
  own_bits_ = reinterpret_cast<std::uint8_t*>(take(n * stride));
  codes_ = reinterpret_cast<std::uint8_t*>(take(n * dimension));
  values_ = reinterpret_cast<float*>(take(n * dimension * 4));
  part_.dimension = dimension;
  part_.rows = rows_;
  part_.scales = scales_;
  part_.factors = factors_;
  part_.squares = squares_;
  part_.bits = bits_;
  part_.own_bits = own_bits_;
  part_.codes = codes_;
  part_.values = values_;
}

void TailChunk::add(std::uint64_t version, std::uint32_t row,
                    std::span<const float> values) {
  const std::size_t dimension = part_.dimension;
  const std::size_t stride = bits_stride(part_.dimension);
  for (; !values.empty(); values = values.subspan(dimension)) {
    const std::size_t i = count_++;
    const auto own = values.first(dimension);
    versions_[i] = version;
    rows_[i] = row;
    const VectorConstants constants =
        encode_vector(metric_, own, codes_ + i * dimension, own_bits_ + i * stride);
    scales_[i] = constants.scale;
    factors_[i] = constants.factor;
    if (squares_ != nullptr) squares_[i] = constants.square;
    std::copy(own.begin(), own.end(), values_ + i * dimension);
    if (i > 0 && row <= rows_[i - 1]) part_.is_ascending = false;
    if (i % kBlock != kBlock - 1) continue;
    for (std::size_t v = 0; v < kBlock; ++v) {
      part_.copy_bits(i - (kBlock - 1) + v, bits_ + i / kBlock * kBlock * stride, v);
    }
  }
  part_.count = count_;
  part_.row_min = std::min(part_.row_min, row);
  part_.row_max = std::max(part_.row_max, row);
}

}  // namespace trawl::dense
