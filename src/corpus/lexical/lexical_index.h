#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bitmap.h"
#include "base/result.h"
#include "base/work_limit.h"
#include "corpus/lexical/renumbering.h"
#include "corpus/lexical/scored_row.h"

namespace trawl::lexical {

// A text to be indexed and how many times each of its terms counts.
struct WeightedText {
  std::string_view text;
  std::uint32_t weight = 1;
};

// The texts of one row. Rows arrive in order, without gaps.
struct RowTexts {
  std::uint32_t row = 0;
  std::vector<WeightedText> texts;
};

// Which rows a search sees: [0, row_end) without `dead`, and only those in `allowed`. A
// row_end beyond row_count() means all rows.
// The statistics of BM25 (document count, average length, document frequency) are those of
// the living rows, whatever `allowed` says, so a score depends on the version alone.
struct RowView {
  std::uint32_t row_end = 0;
  const Bitmap* dead = nullptr;
  const Bitmap* allowed = nullptr;
};

struct IndexOptions {
  std::string directory;          // For segment files; made when missing.
  std::uint64_t fingerprint = 0;  // Of what is indexed; segments with another are dropped.
  std::string language;           // As Analyzer::make() takes it.
  std::uint32_t flush_rows = 32'768;  // The tail becomes a segment at this size.
  std::uint32_t segments_max = 8;     // Above this, neighbours are merged.
};

inline constexpr float kBm25K1 = 1.2f;
inline constexpr float kBm25B = 0.75f;
// In place of it where the analyzer detects languages: whoever names none takes what finds
// the most of a catalogue (bench/README.md), and scores of other features stay what they
// were.
inline constexpr float kBm25DetectedB = 0.6f;

// An inverted index over rows that are only ever added: immutable memory-mapped segments
// and a tail in memory. Ranks by BM25 with MaxScore pruning (Turtle and Flood, 1995).
// A derived structure: segments that are missing, damaged or stale are dropped, and the
// caller adds the rows from row_count() on again. Searches may run at the same time as
// one add or flush.
class LexicalIndex {
 public:
  //   storage  the directory cannot be made or written
  static Result<std::unique_ptr<LexicalIndex>> open(IndexOptions options);
  virtual ~LexicalIndex() = default;

  // Rows [0, row_count()) are indexed.
  virtual std::uint32_t row_count() const = 0;

  // Adds the rows that follow; the first must be row_count(). Searchable on return.
  //   storage  a segment could not be written; the rows are searchable all the same
  virtual Result<void> add(std::span<const RowTexts> rows) = 0;

  // Writes the tail as a segment.
  virtual Result<void> flush() = 0;

  // Takes the terms of rows that are `gone` out of memory and off the disk: they must be
  // dead in every view from here on. Where much is `superseded`, which older views still
  // see, it is moved out of the way of newer ones; those that are gone are among them.
  // No result of a search changes. Others wait for one segment to be written at a time, as
  // for a merge.
  //   storage  a segment could not be written; call it again
  virtual Result<void> tidy(const Bitmap& gone, const Bitmap& superseded) = 0;

  // Writes into another directory what an index of the same options has that knows only the
  // rows from `begin` on, by other numbers; without those that are gone. Returns up to
  // which row it came, which is where another call goes on.
  //   storage  a segment could not be written
  virtual Result<std::uint32_t> copy_to(const std::string& directory, std::uint32_t begin,
                                        const Renumbering& renumber,
                                        const Bitmap& superseded) = 0;

  // The top_k best rows, best first, ties by row ascending. A query is a bag of words: any
  // may match, and one that the query repeats counts as often. A query without words gives
  // nothing; distinct words after the first kQueryWordsMax are ignored.
  //   storage  a segment is damaged
  virtual Result<SearchResult> search(std::string_view query, std::uint32_t top_k,
                                      const RowView& view,
                                      const Checkpoint& check) const = 0;

  // The same by scoring every row; the reference that tests compare with.
  virtual Result<SearchResult> search_exhaustively(std::string_view query,
                                                   std::uint32_t top_k,
                                                   const RowView& view) const = 0;

  // Takes the score of one row apart that the view sees, whether it allows it or not.
  //   storage  a segment is damaged
  virtual Result<TakenApart> take_apart(std::string_view query, std::uint32_t row,
                                        const RowView& view,
                                        const Checkpoint& check) const = 0;
};

// Removes an index's files.
void remove_index(const std::string& directory);

}  // namespace trawl::lexical
