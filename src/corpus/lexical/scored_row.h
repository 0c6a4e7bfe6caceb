#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
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

// What one term of a query adds to the score of a row.
struct ScoredTerm {
  std::string text;
  std::uint32_t query_count = 0;
  std::uint64_t row_count = 0;  // Rows that have it, of those that the view sees.
  double idf = 0;               // 0 where no row has it, as all that follows.
  double weight = 0;
  std::uint32_t tf = 0;
  double score = 0;
};

// The score of a row, and what it is made of.
struct TakenApart {
  std::uint32_t row_count = 0;  // That the view sees, whatever it allows.
  double average_length = 0;
  double b = 0;              // The constant of BM25, by the analyzer.
  std::uint32_t length = 0;  // Of the row.
  double norm = 0;
  std::vector<ScoredTerm> terms;  // In the order in which their scores are added.
  double sum = 0;
  float score = 0;  // The sum, rounded, as a search gives it.
};

}  // namespace trawl::lexical
