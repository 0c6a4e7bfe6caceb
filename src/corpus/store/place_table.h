#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/store/places.h"
#include "sqlite/connection.h"

namespace trawl::store {

// The tables of places: which are gone, and how those that are left are numbered.

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

// How rows of a collection are numbered (places.h), and the name by which the indexes with
// these numbers are known.
struct Numbering {
  std::string name;  // Empty before rows were first numbered anew.
  Places places;
};
Result<Numbering> read_numbering(sqlite::Connection& connection, std::int64_t collection);
// Inside a transaction of the caller.
Result<void> store_numbering(sqlite::Connection& connection, std::int64_t collection,
                             const Numbering& numbering);

}  // namespace trawl::store
