#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trawl::lexical {

// The rows of one term with how often it occurs there, weights included. Rows ascend.
//
// They are stored in blocks of kBlockPostings: first a BlockHeader for each block, then the
// blocks, each of
//   u8 row_bits, u8 tf_bits
//   gaps:  row - previous row - 1, in row_bits each (the first counts from the end of the
//          block before, or from the first row of the segment)
//   tfs:   tf - 1, in tf_bits each
// with both lists padded to whole bytes.
inline constexpr std::uint32_t kBlockPostings = 128;
inline constexpr std::uint32_t kNoRow = UINT32_MAX;

// Unpacking loads eight bytes at a time; so many must follow the last block.
inline constexpr std::size_t kPostingsPadding = 8;

// The two maxima bound every BM25 score of the block, whatever the average length: a score
// grows with tf and with tf / length and depends on nothing else of the row.
struct BlockHeader {
  std::uint32_t last_row = 0;
  std::uint32_t offset = 0;  // Of the block, from the end of the headers.
  std::uint32_t tf_max = 0;
  float ratio_max = 0;  // Of tf / length, never below the exact quotient.
};
static_assert(sizeof(BlockHeader) == 16);

// Encodes one term after another.
class PostingsEncoder {
 public:
  // Starts a term of a segment that begins at this row.
  void begin(std::uint32_t first_row);
  // `length` is that of the row: at least tf.
  void add(std::uint32_t row, std::uint32_t tf, std::uint32_t length) {
    rows_[block_size_] = row;
    tfs_[block_size_] = tf;
    header_.tf_max = std::max(header_.tf_max, tf);
    header_.ratio_max =
        std::max(header_.ratio_max, static_cast<float>(static_cast<double>(tf) / length));
    ++count_;
    if (++block_size_ == kBlockPostings) finish_block();
  }
  std::uint32_t count() const { return count_; }
  //   storage  the term has more postings than a segment can address
  Result<void> finish();
  // What is stored of it once it is finished, the headers first. Valid until begin().
  std::string_view headers() const {
    return {reinterpret_cast<const char*>(headers_.data()),
            headers_.size() * sizeof(BlockHeader)};
  }
  std::string_view blocks() const { return blocks_; }

 private:
  void finish_block();

  std::uint32_t count_ = 0;
  std::uint32_t base_ = 0;  // The least row that the next block may hold.
  std::uint32_t block_size_ = 0;
  std::uint32_t rows_[kBlockPostings];
  std::uint32_t tfs_[kBlockPostings];
  BlockHeader header_;  // Of the block, but for what it gets when it is finished.
  std::vector<BlockHeader> headers_;
  std::string blocks_;
};

// Where the postings of a term lie. The dictionary has checked that the headers are
// inside; blocks are checked as they are unpacked.
struct TermPostings {
  std::uint32_t count = 0;
  std::uint32_t first_row = 0;  // Of the segment.
  std::uint32_t row_end = 0;    // Of the segment.
  const char* headers = nullptr;
  const char* blocks = nullptr;
  const char* blocks_end = nullptr;  // kPostingsPadding readable bytes follow.

  std::uint32_t block_count() const {
    return (count + kBlockPostings - 1) / kBlockPostings;
  }
};

// Walks the postings of one term forwards. Blocks are unpacked only when a row in them is
// asked for.
class PostingsCursor {
 public:
  PostingsCursor() = default;
  explicit PostingsCursor(const TermPostings& postings);

  // Moves to the block that holds the first posting at or after `row`, without unpacking
  // it. False at the end.
  bool seek_block(std::uint32_t row);
  // Of the block moved to.
  const BlockHeader& block() const { return header_; }
  std::uint32_t block_index() const { return block_; }
  std::uint32_t block_size() const;

  // Moves to the first posting at or after `row`; gives its row, or kNoRow at the end.
  std::uint32_t seek(std::uint32_t row);
  // Moves on by one within the block; past its last posting gives a row beyond the block
  // that need not be a posting. Only after seek has given a row.
  std::uint32_t next_in_block() {
    ++position_;
    return position_ < size_ ? rows_[position_] : header_.last_row + 1;
  }
  std::uint32_t row() const { return rows_[position_]; }
  std::uint32_t tf() {
    if (!tfs_unpacked_) unpack_tfs();
    return tfs_[position_];
  }

  // Calls visit(row, tf) for all postings, of a cursor that was not moved yet, up to a
  // block that is damaged.
  template <class Visit>
  void for_each(Visit&& visit) {
    while (block_ < block_count_) {
      if (!unpack_rows()) {
        fail();
        return;
      }
      unpack_tfs();
      for (std::uint32_t i = 0; i < size_; ++i) visit(rows_[i], tfs_[i]);
      if (block_ + 1 == block_count_) return;
      load_header(block_ + 1);
    }
  }

  const TermPostings& postings() const { return postings_; }
  // Whether a block contradicted its header; the cursor is then at its end.
  bool damaged() const { return damaged_; }

 private:
  void load_header(std::uint32_t block);
  void fail() {
    damaged_ = true;
    block_ = block_count_;
  }
  bool unpack_rows();
  void unpack_tfs();

  TermPostings postings_;
  BlockHeader header_;
  std::uint32_t block_count_ = 0;
  std::uint32_t block_ = 0;  // block_count_ at the end.
  std::uint32_t base_ = 0;   // The least row that the block may hold.
  std::uint32_t size_ = 0;   // Of the block, once unpacked; 0 before.
  std::uint32_t position_ = 0;
  bool tfs_unpacked_ = false;
  bool damaged_ = false;
  std::uint32_t tf_bits_ = 0;
  const char* packed_tfs_ = nullptr;
  std::uint32_t rows_[kBlockPostings];
  std::uint32_t tfs_[kBlockPostings];
};

}  // namespace trawl::lexical
