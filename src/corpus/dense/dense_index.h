#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bitmap.h"
#include "base/result.h"
#include "base/work_limit.h"
#include "model/collection.h"

namespace trawl::dense {

// Views that let at most so many vectors through are searched exactly.
inline constexpr std::uint32_t kExactMax = 32'768;

// The vectors of one row: one or more, one after the other.
struct RowVectors {
  std::uint32_t row = 0;
  std::span<const float> values;
};

// What a search sees: of the vectors that arrived in `version` or before, those of rows
// [0, row_end) without `dead`, and only those in `allowed`. The bitmaps may be null.
struct VectorView {
  std::uint64_t version = 0;
  std::uint32_t row_end = 0;
  const Bitmap* dead = nullptr;
  const Bitmap* allowed = nullptr;
};

struct ScoredRow {
  std::uint32_t row = 0;
  float score = 0;
};

struct SearchResult {
  std::vector<ScoredRow> rows;      // Best first; ties by row ascending.
  std::uint64_t scanned_count = 0;  // Vectors that were looked at.
};

struct IndexOptions {
  std::string directory;          // For segment files; made when missing.
  std::uint64_t fingerprint = 0;  // Of what is indexed; segments with another are dropped.
  std::uint32_t dimension = 0;    // 1..4096
  Metric metric = Metric::cosine;
  std::uint32_t flush_vectors = 16'384;  // The tail becomes a segment at this size.
  std::uint32_t segments_max = 64;       // Above this, neighbours are merged.
  std::uint32_t exact_max = kExactMax;   // For tests: results differ where this does.
};

// The vectors of a feature, in the order in which they arrived: immutable memory-mapped
// segments and a tail in memory. A derived structure: segments that are missing, damaged
// or stale are dropped with all that came after them, and the caller adds what arrived
// after version() again. Searches may run at the same time as one call that writes.
//
// The score of a row is the greatest similarity of any of its vectors with the query; of a
// query of several vectors, the sum of these (MaxSim; Khattab and Zaharia, 2020).
// Similarities are the cosine, the dot product, or 1 / (1 + distance) for Metric::l2, in
// float32, added in an order that is the same on every machine: equal to the last bit
// whatever the processor, the segments and the order of arrival.
class DenseIndex {
 public:
  //   storage  the directory cannot be made or written
  static Result<std::unique_ptr<DenseIndex>> open(IndexOptions options);
  virtual ~DenseIndex() = default;

  // What arrived in this version and before is here, and nothing of later ones; 0 at first.
  virtual std::uint64_t version() const = 0;
  virtual std::uint64_t vector_count() const = 0;

  // Adds what arrived in a version after version(); rows ascend, and have no vectors yet.
  // The values are finite, a multiple of the dimension, and under Metric::cosine none is
  // all zero (check_vector()). Searchable on return.
  //   storage  a segment could not be written; the vectors are searchable all the same
  virtual Result<void> add(std::uint64_t version, std::span<const RowVectors> rows) = 0;

  // Writes the tail as a segment.
  virtual Result<void> flush() = 0;

  // Takes the vectors of rows that are `gone` out of memory and off the disk: they are dead
  // in every view from here on. Forgets which of the versions before `oldest` vectors
  // arrived in: no view is older from here on. No result of a search changes.
  //   storage  a segment could not be written; call it again
  virtual Result<void> tidy(const Bitmap& gone, std::uint64_t oldest) = 0;

  // Writes into another directory what arrived after a version, by other numbers of rows;
  // without rows for which there is none any more. Returns up to which version it came,
  // which is where another call goes on, unless tidy() was called between them.
  //   storage  a segment could not be written
  using NewNumber = std::function<std::optional<std::uint32_t>(std::uint32_t row)>;
  virtual Result<std::uint64_t> copy_to(const std::string& directory, std::uint64_t after,
                                        const NewNumber& number) const = 0;

  // The top_k best rows for a query of one or more vectors (as RowVectors::values, checked
  // likewise). Exact for up to kExactMax vectors that the view lets through; of more, those
  // that a scan of one bit for each value finds worth it are compared exactly.
  //   storage  a segment is damaged
  virtual Result<SearchResult> search(std::span<const float> query, std::uint32_t top_k,
                                      const VectorView& view,
                                      const Checkpoint& check) const = 0;
  // The same by comparing every vector as float32; the reference that tests compare with.
  virtual Result<SearchResult> search_exhaustively(std::span<const float> query,
                                                   std::uint32_t top_k,
                                                   const VectorView& view) const = 0;

  // The score of one row that the view sees, whether it allows it or not, to the bit as a
  // search gives it; nothing where it has no vectors in this version.
  virtual Result<std::optional<float>> score(std::span<const float> query,
                                             std::uint32_t row,
                                             const VectorView& view) const = 0;
  // The vectors of a row as they were given; empty where it has none in this version.
  virtual Result<std::vector<float>> vectors_of(std::uint32_t row,
                                                std::uint64_t version) const = 0;
  // How many of the rows that the view sees and allows have vectors.
  virtual std::uint64_t row_count(const VectorView& view) const = 0;
};

// Removes an index's files.
void remove_index(const std::string& directory);

}  // namespace trawl::dense
