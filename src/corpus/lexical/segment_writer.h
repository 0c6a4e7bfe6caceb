#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bitmap.h"
#include "base/byte_sink.h"
#include "base/result.h"
#include "corpus/lexical/renumbering.h"
#include "corpus/lexical/segment.h"

namespace trawl::lexical {

// None where a segment stays in memory; 0 stands in its place.
enum class Checksum { none, of_all };

// Writes one segment, terms in bytewise order, the postings of each in order of rows.
class SegmentWriter {
 public:
  // `lengths` has one element for each row from first_row on and outlives the writer.
  SegmentWriter(ByteSink& sink, const SegmentOrigin& origin, std::uint32_t first_row,
                std::span<const std::uint32_t> lengths,
                std::string_view magic = kSegmentMagic,
                Checksum checksum = Checksum::of_all);

  void begin_term(std::string_view term);
  void add(std::uint32_t row, std::uint32_t tf) {
    encoder_.add(row, tf, lengths_[row - footer_.first_row]);
  }
  // A term without postings is left out.
  //   storage  the segment would exceed what its format can address
  Result<void> end_term();
  //   storage  the sink failed
  Result<void> finish();

 private:
  void put(std::string_view bytes);

  ByteSink& sink_;
  std::span<const std::uint32_t> lengths_;
  SegmentFooter footer_;
  const bool has_checksum_;
  std::uint32_t crc_ = 0;
  std::string_view term_;
  PostingsEncoder encoder_;
  std::string text_;
  std::vector<TermEntry> entries_;
};

// Part of what a sink takes: its end is not the end of the sink.
class PartSink final : public ByteSink {
 public:
  explicit PartSink(ByteSink& whole) : whole_(whole) {}
  void write(std::string_view bytes) override { whole_.write(bytes); }
  Result<void> finish() override { return {}; }

 private:
  ByteSink& whole_;
};

// Rows that a merge takes over. It leaves out terms that only others had.
struct RowChoice {
  const Bitmap* only = nullptr;  // Null for all.
  const Bitmap* without = nullptr;
  std::uint32_t begin = 0;                // None before it.
  const Renumbering* renumber = nullptr;  // Where they get other numbers.

  std::uint32_t number(std::uint32_t row) const {
    return renumber == nullptr ? row : (*renumber)(row);
  }
  bool has_all() const { return only == nullptr && without == nullptr && begin == 0; }
  bool has(std::uint32_t row) const {
    return row >= begin && (only == nullptr || only->test(row)) &&
           (without == nullptr || !without->test(row));
  }
};

// Writes segments as one. No two hold the same row.
//   storage  a segment is damaged, or the sink failed
Result<void> merge_segments(std::span<const std::shared_ptr<const Segment>> segments,
                            ByteSink& sink, const RowChoice& rows = {},
                            std::string_view magic = kSegmentMagic,
                            Checksum checksum = Checksum::of_all);

// Writes it as it is, with a checksum.
//   storage  the sink failed
Result<void> write_segment(const Segment& segment, ByteSink& sink);

}  // namespace trawl::lexical
