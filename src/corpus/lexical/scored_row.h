#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace trawl::lexical {

struct ScoredRow {
  std::uint32_t row = 0;
  float score = 0;
};

// Distinct words of a query beyond this are ignored, so a text as long as a book cannot
// occupy a server.
inline constexpr std::size_t kQueryWordsMax = 1024;

struct SearchResult {
  std::vector<ScoredRow> rows;      // Best first; ties by row ascending.
  std::uint64_t scanned_count = 0;  // Postings that were scored.
  std::size_t query_words = 0;      // Distinct words of the query, the ignored ones too.
};

}  // namespace trawl::lexical
