#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "corpus/dense/dense_index.h"
#include "corpus/dense/vector_code.h"
#include "corpus/dense/vector_part.h"

// Searches over the parts of an index, cut to what the version of the view sees. No row has
// vectors in two parts. They count their work (base/work_limit.h).
namespace trawl::dense {

std::vector<QueryVector> read_query(Metric metric, std::uint32_t dimension,
                                    std::span<const float> values);

SearchResult search_parts(std::span<const VectorPart> parts, std::span<QueryVector> query,
                          std::uint32_t top_k, const VectorView& view,
                          std::uint32_t exact_max);
SearchResult search_parts_exhaustively(std::span<const VectorPart> parts,
                                       std::span<const QueryVector> query,
                                       std::uint32_t top_k, const VectorView& view);

std::uint64_t visible_row_count(std::span<const VectorPart> parts, const VectorView& view);

// The score of the row whose vectors are [begin, end).
float score_row(const VectorPart& part, std::uint32_t begin, std::uint32_t end,
                std::span<const QueryVector> query);

// Where a row has its vectors.
struct RowPlace {
  const VectorPart* part = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};
std::optional<RowPlace> find_row(std::span<const VectorPart> parts, std::uint32_t row);

}  // namespace trawl::dense
