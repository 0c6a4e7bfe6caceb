#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/bitmap.h"

namespace trawl::store {

// Every state of a document has a place in its collection, for ever: it is what the tables
// and a DocumentRef name it by. Indexes and bitmaps count rows instead, without gaps: the
// states that there still were when rows were last numbered, and all that came since. So
// what is removed costs them nothing for long. Rows are in the order of places. Immutable.
class Places {
 public:
  // Rows from this one on have the places from this one on, up to the next run.
  struct Run {
    std::uint32_t row = 0;
    std::uint32_t place = 0;
    bool operator==(const Run&) const = default;
  };

  Places() : runs_{{0, 0}} {}
  // They ascend, and begin with row 0.
  explicit Places(std::vector<Run> runs) : runs_(std::move(runs)) {}

  // Also of rows to come.
  std::uint32_t place_of(std::uint32_t row) const;
  // Nothing where the place was removed before rows were numbered.
  std::optional<std::uint32_t> row_of(std::uint32_t place) const;
  // How many rows have a place before this one.
  std::uint32_t rows_before(std::uint32_t place) const;

  // Those that there are when these rows have no number any more.
  Places without(const Bitmap& gone) const;

  const std::vector<Run>& runs() const { return runs_; }

 private:
  std::vector<Run> runs_;
};

}  // namespace trawl::store
