#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "corpus/lexical/postings.h"

namespace trawl::lexical {

// Layout of a segment, in a file or in memory, all numbers little-endian:
//
//   magic            8 bytes
//   lengths          u32 for each row: the terms of the row, weights included
//   postings         of one term after another, see postings.h
//   padding          kPostingsPadding bytes
//   term text        the terms, sorted bytewise, without separators
//   term entries     TermEntry for each term
//   footer           SegmentFooter; its last fields are CRC-32 of all before and magic
inline constexpr std::string_view kSegmentMagic = "TRWLLEX1";

struct TermEntry {
  std::uint64_t postings_offset = 0;
  std::uint32_t text_offset = 0;  // The text ends where that of the next term begins.
  std::uint32_t count = 0;        // Of postings.
};
static_assert(sizeof(TermEntry) == 16);

// What a segment is of: the caller's data and our way of making terms of it.
struct SegmentOrigin {
  std::uint64_t fingerprint = 0;
  std::uint64_t analyzer = 0;
  bool operator==(const SegmentOrigin&) const = default;
};

struct SegmentFooter {
  SegmentOrigin origin;
  std::uint64_t total_length = 0;
  std::uint64_t postings_size = 0;
  std::uint64_t text_size = 0;
  std::uint32_t first_row = 0;
  std::uint32_t row_end = 0;
  std::uint32_t term_count = 0;
  std::uint32_t crc = 0;
  char magic[8] = {};
};
static_assert(sizeof(SegmentFooter) == 64);

// An inverted index over the rows [first_row, row_end) that never changes. Reading is safe
// from many threads at once.
class Segment {
 public:
  // Maps the file; checks its checksum and its dictionary.
  //   storage  the file cannot be read or is damaged
  static Result<std::shared_ptr<const Segment>> open(const std::string& path);
  //   storage  the bytes contradict themselves
  static Result<std::shared_ptr<const Segment>> from_bytes(std::string bytes);

  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment();

  const SegmentOrigin& origin() const { return footer_.origin; }
  std::uint32_t first_row() const { return footer_.first_row; }
  std::uint32_t row_end() const { return footer_.row_end; }
  std::uint32_t row_count() const { return footer_.row_end - footer_.first_row; }
  std::uint64_t total_length() const { return footer_.total_length; }
  // The row is inside the segment.
  std::uint32_t length(std::uint32_t row) const {
    return load<std::uint32_t>(lengths_ + std::size_t{row - footer_.first_row} * 4);
  }

  std::uint32_t term_count() const { return footer_.term_count; }
  std::string_view term(std::uint32_t index) const;
  TermPostings postings(std::uint32_t index) const;
  // Without postings when the term is not in the segment.
  TermPostings find(std::string_view wanted) const;

  std::string_view bytes() const { return bytes_; }

 private:
  explicit Segment(std::string bytes) : owned_(std::move(bytes)), bytes_(owned_) {}
  Segment(void* mapping, std::size_t size)
      : mapping_(mapping), bytes_(static_cast<const char*>(mapping), size) {}
  Result<void> read_layout();
  Result<void> check_terms() const;
  TermEntry entry(std::uint32_t index) const;

  std::string owned_;
  void* mapping_ = nullptr;
  std::string_view bytes_;
  SegmentFooter footer_;
  const char* lengths_ = nullptr;
  const char* postings_ = nullptr;
  const char* text_ = nullptr;
  const char* entries_ = nullptr;
};

}  // namespace trawl::lexical
