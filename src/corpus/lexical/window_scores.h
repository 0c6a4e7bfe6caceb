#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "corpus/lexical/postings.h"
#include "corpus/lexical/ranking.h"
#include "corpus/lexical/segment.h"

namespace trawl::lexical {

// What the terms of a query add to the rows of a window of a segment, one term after
// another: for many terms that is much quicker than looking at each row with all of them.
// The sums are approximate; what they were made of is kept until the next window, so that
// exact ones can be made for the few rows that matter. Not thread-safe.
class WindowScores {
 public:
  // So many that the sums and the norms stay in the first cache.
  static constexpr std::uint32_t kRowsMax = 4096;
  // No sum of as many terms as a query may have is off by more than this share of it: each
  // addition and each quotient is rounded to 2^-24.
  static constexpr double kInaccuracy = 1e-4;

  struct Part {
    std::size_t term;
    double score;
  };

  // Rows [begin, end) of the segment, at most kRowsMax of them.
  void begin(const Segment& segment, const Bm25& bm25, std::uint32_t begin,
             std::uint32_t end);
  // The postings of a term within it, past which the cursor is moved. Returns how many.
  std::uint32_t add(PostingsCursor& postings, std::size_t term, double weight);

  std::uint32_t begin_row() const { return begin_; }
  std::uint32_t end_row() const { return end_; }
  float sum(std::uint32_t row) const { return sums_[row - begin_]; }
  double norm(std::uint32_t row) const { return norms_[row - begin_]; }
  // Adds to `parts` what each term added to each of these rows, exactly.
  void collect(const std::vector<std::uint32_t>& rows,
               std::vector<std::vector<Part>>& parts) const;

 private:
  struct Posting {
    std::uint16_t row;  // From the begin of the window.
    std::uint16_t tf;   // 0: it is in large_tfs_.
  };
  struct Added {
    std::size_t term;
    double weight;
    std::size_t begin;  // In postings_, up to that of the next one.
  };

  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  std::vector<float> sums_;
  std::vector<float> rough_norms_;
  std::vector<double> norms_;
  std::vector<Added> added_;
  std::vector<Posting> postings_;
  std::vector<std::pair<std::size_t, std::uint32_t>> large_tfs_;  // By place in postings_.
};

}  // namespace trawl::lexical
