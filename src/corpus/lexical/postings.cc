#include "corpus/lexical/postings.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "base/bytes.h"

namespace trawl::lexical {
namespace {

std::size_t packed_size(std::uint32_t count, std::uint32_t bits) {
  return (std::size_t{count} * bits + 7) / 8;
}

// Returns its end. As many bytes as `pending` has may be written behind it.
char* pack(const std::uint32_t* values, std::uint32_t count, std::uint32_t bits,
           char* packed) {
  if (bits == 0) return packed;
  std::uint64_t pending = 0;
  std::uint32_t pending_bits = 0;  // Fewer than 32 before each value.
  for (std::uint32_t i = 0; i < count; ++i) {
    pending |= std::uint64_t{values[i]} << pending_bits;
    pending_bits += bits;
    if (pending_bits < 32) continue;
    std::memcpy(packed, &pending, 4);
    packed += 4;
    pending >>= 32;
    pending_bits -= 32;
  }
  std::memcpy(packed, &pending, sizeof pending);
  return packed + (pending_bits + 7) / 8;
}

// Width is at most 32, so a value and the up to seven bits before it fit one load.
std::uint32_t unpack_one(const char* packed, std::uint32_t bits, std::uint32_t i) {
  const std::size_t bit = std::size_t{i} * bits;
  const auto mask = (std::uint64_t{1} << bits) - 1;
  return static_cast<std::uint32_t>((load<std::uint64_t>(packed + bit / 8) >> (bit % 8)) &
                                    mask);
}

// Eight values at a time, which are whole bytes: where each of them lies is known then.
template <std::uint32_t kBits>
void unpack_by(const char* packed, std::uint32_t count, std::uint32_t* values) {
  std::uint32_t i = 0;
  for (; i + 8 <= count; i += 8, packed += kBits) {
    for (std::uint32_t j = 0; j < 8; ++j) values[i + j] = unpack_one(packed, kBits, j);
  }
  for (std::uint32_t j = 0; i + j < count; ++j)
    values[i + j] = unpack_one(packed, kBits, j);
}

// By width.
constexpr auto kUnpack =
    []<std::uint32_t... kBits>(std::integer_sequence<std::uint32_t, kBits...>) {
  return std::array{&unpack_by<kBits>...};
}
(std::make_integer_sequence<std::uint32_t, 33>());

// The next float above one that is more than 0.
float next_above(float number) {
  if (number == std::numeric_limits<float>::infinity()) return number;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(number) + 1);
}

}  // namespace

void PostingsEncoder::begin(std::uint32_t first_row) {
  count_ = 0;
  block_size_ = 0;
  base_ = first_row;
  header_ = {};
  headers_.clear();
  blocks_.clear();
}

void PostingsEncoder::finish_block() {
  header_.last_row = rows_[block_size_ - 1];
  // Rounded to the nearest so far, of which the greatest stays the greatest.
  header_.ratio_max = next_above(header_.ratio_max);
  std::uint32_t all_gaps = 0;
  std::uint32_t all_tfs = 0;
  std::uint32_t gaps[kBlockPostings];
  gaps[0] = all_gaps = rows_[0] - base_;
  for (std::uint32_t i = 1; i < block_size_; ++i) {
    gaps[i] = rows_[i] - rows_[i - 1] - 1;
    all_gaps |= gaps[i];
  }
  for (std::uint32_t i = 0; i < block_size_; ++i) all_tfs |= --tfs_[i];
  base_ = header_.last_row + 1;
  const auto row_bits = static_cast<std::uint32_t>(std::bit_width(all_gaps));
  const auto tf_bits = static_cast<std::uint32_t>(std::bit_width(all_tfs));
  // finish() refuses what this cast would cut.
  header_.offset = static_cast<std::uint32_t>(blocks_.size());
  char block[2 + 2 * kBlockPostings * sizeof(std::uint32_t) + sizeof(std::uint64_t)];
  block[0] = static_cast<char>(row_bits);
  block[1] = static_cast<char>(tf_bits);
  char* end = pack(gaps, block_size_, row_bits, block + 2);
  end = pack(tfs_, block_size_, tf_bits, end);
  blocks_.append(block, static_cast<std::size_t>(end - block));
  headers_.push_back(header_);
  header_ = {};
  block_size_ = 0;
}

Result<void> PostingsEncoder::finish() {
  if (block_size_ > 0) finish_block();
  if (blocks_.size() > UINT32_MAX) {
    return make_error(ErrorCode::storage,
                      "one word has more than 4 GiB of postings; split the collection");
  }
  return {};
}

PostingsCursor::PostingsCursor(const TermPostings& postings)
    : postings_(postings), block_count_(postings.block_count()) {
  if (block_count_ > 0) load_header(0);
}

std::uint32_t PostingsCursor::block_size() const {
  return block_ + 1 < block_count_ ? kBlockPostings
                                   : postings_.count - block_ * kBlockPostings;
}

void PostingsCursor::load_header(std::uint32_t block) {
  block_ = block;
  base_ = block == 0
              ? postings_.first_row
              : load<BlockHeader>(postings_.headers + (block - 1) * sizeof(BlockHeader))
                        .last_row +
                    1;
  header_ = load<BlockHeader>(postings_.headers + block * sizeof(BlockHeader));
  size_ = 0;
  position_ = 0;
}

bool PostingsCursor::seek_block(std::uint32_t row) {
  if (block_ >= block_count_) return false;
  if (header_.last_row >= row) return true;
  const auto last_row = [&](std::uint32_t block) {
    return load<BlockHeader>(postings_.headers + block * sizeof(BlockHeader)).last_row;
  };
  std::uint32_t low = block_ + 1;  // Every block before it ends before `row`.
  std::uint32_t step = 1;
  while (low < block_count_ && last_row(std::min(low + step - 1, block_count_ - 1)) < row) {
    low = std::min(low + step, block_count_);
    step *= 2;
  }
  std::uint32_t high = std::min(low + step - 1, block_count_);
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (last_row(middle) < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low >= block_count_) {
    block_ = block_count_;
    return false;
  }
  load_header(low);
  return true;
}

std::uint32_t PostingsCursor::seek(std::uint32_t row) {
  if (!seek_block(row)) return kNoRow;
  if (size_ == 0 && !unpack_rows()) {
    fail();
    return kNoRow;
  }
  // The last row of the block is at or after `row`, so the search ends inside.
  if (rows_[position_] < row) {
    std::uint32_t step = 1;
    std::uint32_t low = position_ + 1;
    while (low + step - 1 < size_ && rows_[low + step - 1] < row) {
      low += step;
      step *= 2;
    }
    const std::uint32_t high = std::min(low + step, size_);
    position_ = static_cast<std::uint32_t>(
        std::lower_bound(rows_ + low, rows_ + high, row) - rows_);
  }
  return rows_[position_];
}

bool PostingsCursor::unpack_rows() {
  const std::uint32_t size = block_size();
  const auto room = static_cast<std::size_t>(postings_.blocks_end - postings_.blocks);
  if (header_.offset > room || room - header_.offset < 2) return false;
  const char* packed = postings_.blocks + header_.offset + 2;
  const auto row_bits = load<std::uint8_t>(packed - 2);
  const auto tf_bits = load<std::uint8_t>(packed - 1);
  if (row_bits > 32 || tf_bits > 32 || base_ < postings_.first_row) return false;
  const std::size_t rows_size = packed_size(size, row_bits);
  if (rows_size + packed_size(size, tf_bits) > room - header_.offset - 2) return false;

  // Gaps are not negative, so the sum in 64 bits ascends; when it ends at the header's last
  // row, which the segment contains, every row is inside.
  kUnpack[row_bits](packed, size, rows_);
  std::uint64_t row = base_;
  for (std::uint32_t i = 0; i < size; ++i) {
    row += rows_[i];
    rows_[i] = static_cast<std::uint32_t>(row);
    ++row;
  }
  if (row != std::uint64_t{header_.last_row} + 1 || header_.last_row >= postings_.row_end) {
    return false;
  }
  size_ = size;
  position_ = 0;
  tfs_unpacked_ = false;
  tf_bits_ = tf_bits;
  packed_tfs_ = packed + rows_size;
  return true;
}

void PostingsCursor::unpack_tfs() {
  kUnpack[tf_bits_](packed_tfs_, size_, tfs_);
  for (std::uint32_t i = 0; i < size_; ++i) ++tfs_[i];
  tfs_unpacked_ = true;
}

}  // namespace trawl::lexical
