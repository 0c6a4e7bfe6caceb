#include "corpus/store/place_table.h"

#include <cstddef>

namespace trawl::store {
namespace {

Result<void> add_range(sqlite::Connection& connection, std::int64_t collection,
                       PlaceRange range) {
  {
    TRAWL_ASSIGN(auto before, connection.prepare(
                                  "SELECT place, place_end FROM gone WHERE collection = ? "
                                  "AND place < ? ORDER BY place DESC LIMIT 1"));
    before.bind(collection, range.begin);
    TRAWL_ASSIGN(const bool found, before.step());
    if (found && before.integer(1) == range.begin) {
      range.begin = static_cast<std::uint32_t>(before.integer(0));
    }
  }
  {
    TRAWL_ASSIGN(auto after, connection.prepare("SELECT place_end FROM gone WHERE "
                                                "collection = ? AND place = ?"));
    after.bind(collection, range.end);
    TRAWL_ASSIGN(const bool found, after.step());
    if (found) {
      const auto end = static_cast<std::uint32_t>(after.integer(0));
      after.reset();
      TRAWL_ASSIGN(auto remove, connection.prepare("DELETE FROM gone WHERE "
                                                   "collection = ? AND place = ?"));
      TRAWL_TRY(remove.bind(collection, range.end).run());
      range.end = end;
    }
  }
  TRAWL_ASSIGN(auto put,
               connection.prepare("INSERT OR REPLACE INTO gone (collection, place, "
                                  "place_end) VALUES (?, ?, ?)"));
  return put.bind(collection, range.begin, range.end).run();
}

}  // namespace

Result<std::vector<PlaceRange>> read_gone(sqlite::Connection& connection,
                                          std::int64_t collection) {
  TRAWL_ASSIGN(auto rows, connection.prepare("SELECT place, place_end FROM gone WHERE "
                                             "collection = ? ORDER BY place"));
  rows.bind(collection);
  std::vector<PlaceRange> ranges;
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return ranges;
    ranges.push_back({static_cast<std::uint32_t>(rows.integer(0)),
                      static_cast<std::uint32_t>(rows.integer(1))});
  }
}

Result<void> add_gone(sqlite::Connection& connection, std::int64_t collection,
                      std::span<const std::uint32_t> places) {
  for (std::size_t i = 0; i < places.size();) {
    PlaceRange range{places[i], places[i] + 1};
    for (++i; i < places.size() && places[i] == range.end; ++i) ++range.end;
    TRAWL_TRY(add_range(connection, collection, range));
  }
  return {};
}

}  // namespace trawl::store
