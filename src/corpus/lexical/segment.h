#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bitmap.h"
#include "base/bytes.h"
#include "base/result.h"
#include "corpus/lexical/postings.h"

namespace trawl::lexical {

// Layout of a segment, in a file or in memory, all numbers little-endian:
//
//   magic            8 bytes
//   lengths          u32 for each row: the terms of the row, weights included; 0 for a
//                    row that the segment does not hold
//   postings         of one term after another, see postings.h
//   padding          kPostingsPadding bytes
//   term text        the terms, sorted bytewise, without separators
//   term entries     TermEntry for each term
//   footer           SegmentFooter; its last fields are CRC-32 of all before and magic
inline constexpr std::string_view kSegmentMagic = "TRWLLEX1";
// Of one that is followed by another in its file, so that neither is taken for the whole.
inline constexpr std::string_view kOlderMagic = "TRWLLEXO";

// Terms that no text has: rows with a text in another language than English have the first,
// and one for each language of their texts (Analyzer::analyze_document).
inline constexpr std::string_view kLanguageMark = "\x1F";
inline std::string language_mark(std::string_view language) {
  return std::string(kLanguageMark).append(language);
}

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

// An inverted index over rows of [first_row, row_end) that never changes. It holds those
// that have terms, unless they were left out when it was written. Reading is safe from many
// threads at once.
class Segment {
 public:
  // Maps the file; checks the checksum and the dictionary of each segment in it. There is
  // at least one, and they are in the order in which they were written.
  //   storage  the file cannot be read or is damaged
  static Result<std::vector<std::shared_ptr<const Segment>>> open(const std::string& path);
  //   storage  the bytes contradict themselves
  static Result<std::shared_ptr<const Segment>> from_bytes(std::string bytes);

  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment() = default;

  const SegmentOrigin& origin() const { return footer_.origin; }
  bool is_older() const { return bytes_.ends_with(kOlderMagic); }
  std::uint32_t first_row() const { return footer_.first_row; }
  std::uint32_t row_end() const { return footer_.row_end; }
  std::uint32_t row_count() const { return footer_.row_end - footer_.first_row; }
  std::uint64_t total_length() const { return footer_.total_length; }
  // The row is inside the segment.
  std::uint32_t length(std::uint32_t row) const {
    return load<std::uint32_t>(lengths_ + std::size_t{row - footer_.first_row} * 4);
  }

  std::uint32_t held_count() const { return held_count_; }
  // Calls visit(word, bits) for the words of a Bitmap that the rows of the segment lie in:
  // bits of rows that it holds.
  template <class Visit>
  void for_each_held_word(Visit&& visit) const {
    for (std::size_t i = 0; i < held_.size(); ++i) {
      if (held_[i] != 0) visit(std::size_t{footer_.first_row / 64} + i, held_[i]);
    }
  }
  // How many of the rows that it holds are in the set.
  std::uint32_t count_held(const Bitmap& rows) const {
    std::uint32_t count = 0;
    for_each_held_word([&](std::size_t word, std::uint64_t held) {
      count += static_cast<std::uint32_t>(std::popcount(held & rows.word(word)));
    });
    return count;
  }

  std::uint32_t term_count() const { return footer_.term_count; }
  std::string_view term(std::uint32_t index) const;
  TermPostings postings(std::uint32_t index) const;
  // Without postings when the term is not in the segment.
  TermPostings find(std::string_view wanted) const;

  std::string_view bytes() const { return bytes_; }

 private:
  // `owner` keeps the bytes.
  Segment(std::shared_ptr<const void> owner, std::string_view bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}
  Result<void> read_layout();
  void read_held();
  Result<void> check_terms() const;
  TermEntry entry(std::uint32_t index) const;

  const std::shared_ptr<const void> owner_;
  const std::string_view bytes_;
  SegmentFooter footer_;
  const char* lengths_ = nullptr;
  const char* postings_ = nullptr;
  const char* text_ = nullptr;
  const char* entries_ = nullptr;
  std::vector<std::uint64_t> held_;  // Words of a Bitmap, from that of first_row on.
  std::uint32_t held_count_ = 0;
};

}  // namespace trawl::lexical
