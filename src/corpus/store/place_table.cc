#include "corpus/store/place_table.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

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

Result<Numbering> read_numbering(sqlite::Connection& connection, std::int64_t collection) {
  Numbering numbering;
  TRAWL_ASSIGN(auto name,
               connection.prepare("SELECT name FROM numberings WHERE collection = ?"));
  name.bind(collection);
  TRAWL_ASSIGN(const bool found, name.step());
  if (!found) return numbering;
  numbering.name = name.string(0);
  TRAWL_ASSIGN(auto rows, connection.prepare("SELECT row, place FROM numbered_runs WHERE "
                                             "collection = ? ORDER BY row"));
  rows.bind(collection);
  std::vector<Places::Run> runs;
  while (true) {
    TRAWL_ASSIGN(const bool more, rows.step());
    if (!more) break;
    runs.push_back({static_cast<std::uint32_t>(rows.integer(0)),
                    static_cast<std::uint32_t>(rows.integer(1))});
  }
  const auto ascends = [](const Places::Run& a, const Places::Run& b) {
    return a.row < b.row && b.place - a.place > b.row - a.row && b.place > a.place;
  };
  bool is_whole = !runs.empty() && runs.front().row == 0;
  for (std::size_t i = 1; i < runs.size(); ++i) is_whole &= ascends(runs[i - 1], runs[i]);
  if (!is_whole) {
    return make_error(
        ErrorCode::storage, "the stored data is damaged",
        fmt::format("collection number {}: its rows are misnumbered", collection));
  }
  numbering.places = Places(std::move(runs));
  return numbering;
}

Result<void> store_numbering(sqlite::Connection& connection, std::int64_t collection,
                             const Numbering& numbering) {
  TRAWL_ASSIGN(auto name,
               connection.prepare("INSERT OR REPLACE INTO numberings (collection, name) "
                                  "VALUES (?, ?)"));
  TRAWL_TRY(name.bind(collection, numbering.name).run());
  TRAWL_ASSIGN(auto remove,
               connection.prepare("DELETE FROM numbered_runs WHERE collection = ?"));
  TRAWL_TRY(remove.bind(collection).run());
  for (const Places::Run& run : numbering.places.runs()) {
    TRAWL_ASSIGN(auto insert,
                 connection.prepare("INSERT INTO numbered_runs (collection, row, place) "
                                    "VALUES (?, ?, ?)"));
    TRAWL_TRY(insert.bind(collection, run.row, run.place).run());
  }
  return {};
}

}  // namespace trawl::store
