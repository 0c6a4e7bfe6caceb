#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "corpus/dense/dense_index.h"

namespace trawl::dense {

// Best first: by score, then by row.
inline bool ranks_before(const ScoredRow& a, const ScoredRow& b) {
  return a.score != b.score ? a.score > b.score : a.row < b.row;
}

// Keeps the best rows of those added.
class TopRows {
 public:
  explicit TopRows(std::uint32_t count_max) : count_max_(count_max) {}

  // No row with a score below this enters.
  float threshold() const {
    return rows_.size() < count_max_ ? -INFINITY : rows_.front().score;
  }
  void add(ScoredRow row) {
    if (rows_.size() == count_max_) {
      if (!ranks_before(row, rows_.front())) return;
      std::pop_heap(rows_.begin(), rows_.end(), ranks_before);
      rows_.pop_back();
    }
    rows_.push_back(row);
    std::push_heap(rows_.begin(), rows_.end(), ranks_before);
  }
  std::vector<ScoredRow> take() {
    std::sort(rows_.begin(), rows_.end(), ranks_before);
    return std::move(rows_);
  }

 private:
  std::uint32_t count_max_;      // At least 1.
  std::vector<ScoredRow> rows_;  // A heap with the worst row in front.
};

}  // namespace trawl::dense
