#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bitmap.h"
#include "base/result.h"
#include "corpus/lexical/renumbering.h"
#include "corpus/lexical/segment.h"
#include "corpus/lexical/segment_writer.h"

namespace trawl::lexical {

inline constexpr std::string_view kSegmentFileSuffix = ".idx";

std::string segment_file_name(std::uint32_t first_row, std::uint32_t row_end);

// What is in one file: the rows that had been superseded when it was written, where that
// was looked at, apart from the others, so that who searches the newest version need not
// pass them over.
struct StoredSegment {
  std::shared_ptr<const Segment> current;
  // Null where there are none; else of some of the rows of `current`.
  std::shared_ptr<const Segment> older;

  std::uint32_t first_row() const { return current->first_row(); }
  std::uint32_t row_end() const { return current->row_end(); }
  std::string name() const { return segment_file_name(first_row(), row_end()); }
};

//   storage  the file cannot be read or is damaged
Result<StoredSegment> open_stored_segment(const std::string& path);

// What a file takes over of others: all without the rows in `gone`, and with those in
// `superseded` apart, where these are not null.
struct StoredChoice {
  const Bitmap* gone = nullptr;
  const Bitmap* superseded = nullptr;  // Those that are gone are among them.
  std::uint32_t begin = 0;             // No rows before it; each of the others reaches it.
  const Renumbering* renumber = nullptr;  // Where rows get other numbers.
};

// Writes neighbours as one file.
//   storage  one is damaged, or the sink failed
Result<void> merge_stored_segments(std::span<const StoredSegment> stored, ByteSink& sink,
                                   const StoredChoice& choice = {});

}  // namespace trawl::lexical
