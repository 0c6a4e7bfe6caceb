#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "corpus/lexical/scored_row.h"

namespace trawl::lexical {

// Best first: by score, then by row. No function, so that algorithms do not call it by its
// address.
inline constexpr auto ranks_before = [](const ScoredRow& a, const ScoredRow& b) {
  return a.score != b.score ? a.score > b.score : a.row < b.row;
};

// Keeps the best rows of those added.
class TopRows {
 public:
  explicit TopRows(std::uint32_t count_max) : count_max_(count_max) {}

  // No row with a score below this enters. Scores are positive.
  float threshold() const { return rows_.size() < count_max_ ? 0.0f : rows_.front().score; }

  // Whether it entered.
  bool add(std::uint32_t row, float score) {
    if (score <= 0) return false;
    if (rows_.size() == count_max_) {
      if (!ranks_before({row, score}, rows_.front())) return false;
      std::pop_heap(rows_.begin(), rows_.end(), ranks_before);
      rows_.pop_back();
    }
    rows_.push_back({row, score});
    std::push_heap(rows_.begin(), rows_.end(), ranks_before);
    return true;
  }

  std::vector<ScoredRow> take() {
    std::sort(rows_.begin(), rows_.end(), ranks_before);
    return std::move(rows_);
  }

 private:
  std::uint32_t count_max_;      // At least 1.
  std::vector<ScoredRow> rows_;  // A heap with the worst row in front.
};

}  // namespace trawl::lexical
