#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "sqlite/connection.h"

namespace trawl::store {

// The table of places whose states of documents were removed.

// Places [begin, end).
struct PlaceRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool operator==(const PlaceRange&) const = default;
};

// Ascending, with something between any two.
Result<std::vector<PlaceRange>> read_gone(sqlite::Connection& connection,
                                          std::int64_t collection);
// Inside a transaction of the caller. The places ascend and were not gone before.
Result<void> add_gone(sqlite::Connection& connection, std::int64_t collection,
                      std::span<const std::uint32_t> places);

}  // namespace trawl::store
