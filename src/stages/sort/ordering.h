#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace trawl {

// The values of one field over a list of documents, made ready for comparing. The whole
// column decides how: numbers numerically, false before true, times (RFC 3339)
// chronologically, other strings by their bytes; a column of mixed types is compared by
// the text of its values. Deciding once, not pair by pair, keeps the order transitive:
// 9 < 10 < "5x" < 9 would leave a sort without an answer. Counts its work
// (base/work_limit.h).
class SortColumn {
 public:
  // Appends a value; nullptr and null count as missing.
  void add(const json::value* value);
  // Call once after the last add and before comparing.
  void prepare();

  std::size_t size() const { return keys_.size(); }
  bool missing(std::size_t i) const { return keys_[i].kind == Kind::missing; }
  // Negative, zero or positive. Neither may be missing.
  int compare(std::size_t a, std::size_t b) const;

 private:
  enum class Kind : std::uint8_t { missing, boolean, number, time, text };
  struct Key {
    Kind kind = Kind::missing;
    // Holds every int64, uint64 and double exactly where it has 64 bits of mantissa.
    long double number = 0;
    TimeUs time = 0;
    std::string text;
  };

  std::vector<Key> keys_;
  Kind kind_ = Kind::missing;
};

enum class MissingPlace { first, last };

// The positions of a prepared column in sorted order. Equal values and missing ones keep
// the order they had.
std::vector<std::size_t> sorted_order(const SortColumn& column, bool descending,
                                      MissingPlace missing);

}  // namespace trawl
