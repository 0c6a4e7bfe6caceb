#include "ledger/sqlite/repair.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "ledger/sqlite/check.h"
#include "ledger/sqlite/row_group.h"

namespace trawl::sqlite {
namespace {

// Rows between two words about progress.
constexpr std::uint64_t kProgressRows = 100'000;

struct Extent {
  std::int64_t rows = 0;
  TimeUs ts_min = kTimeMax;
  TimeUs ts_max = kTimeMin;
};

Result<std::unordered_map<std::int64_t, Extent>> measure_groups(
    Connection& connection, const RepairProgress& progress) {
  std::unordered_map<std::int64_t, Extent> extents;
  TRAWL_ASSIGN(const std::uint64_t total, count_all_executions(connection));
  // The index has all that is needed, in a third of the pages.
  TRAWL_ASSIGN(
      auto rows,
      connection.prepare("SELECT seq, ts FROM executions INDEXED BY executions_by_time"));
  for (std::uint64_t done = 1;; ++done) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return extents;
    Extent& extent = extents[group_of(rows.integer(0))];
    ++extent.rows;
    extent.ts_min = std::min(extent.ts_min, rows.integer(1));
    extent.ts_max = std::max(extent.ts_max, rows.integer(1));
    if (progress && done % kProgressRows == 0) {
      progress("counting executions", done, std::max(done, total));
    }
  }
}

Result<void> forget_group(Connection& connection, std::int64_t group) {
  TRAWL_TRY(open_group(connection, group));
  TRAWL_ASSIGN(auto forget, connection.prepare("DELETE FROM row_groups WHERE grp = ?"));
  return forget.bind(group).run();
}

Result<void> place_group(Connection& connection, std::int64_t group, const Extent& extent) {
  TRAWL_ASSIGN(auto place,
               connection.prepare(
                   "INSERT INTO row_groups (grp, closed, row_count, ts_min, ts_max) VALUES "
                   "(?, 0, 0, ?, ?) ON CONFLICT DO UPDATE SET ts_min = min(ts_min, "
                   "excluded.ts_min), ts_max = max(ts_max, excluded.ts_max)"));
  return place.bind(group, extent.ts_min, extent.ts_max).run();
}

}  // namespace

Result<GroupRepair> repair_groups(Connection& connection, const RepairProgress& progress) {
  GroupRepair report;
  TRAWL_ASSIGN(auto extents, measure_groups(connection, progress));
  TRAWL_ASSIGN(const auto listed, read_groups(connection, kTimeMin, kTimeMax));
  for (const GroupPlace& place : listed) {
    const auto found = extents.find(place.group);
    if (found == extents.end()) {
      ++report.forgotten;
      TRAWL_TRY(forget_group(connection, place.group));
      continue;
    }
    const Extent extent = found->second;
    extents.erase(found);
    if (place.closed && static_cast<std::int64_t>(place.row_count) != extent.rows) {
      ++report.opened;
      TRAWL_TRY(open_group(connection, place.group));
    }
    if (extent.ts_min < place.ts_min || extent.ts_max > place.ts_max) {
      ++report.placed;
      TRAWL_TRY(place_group(connection, place.group, extent));
    }
  }
  for (const auto& [group, extent] : extents) {
    ++report.placed;
    TRAWL_TRY(place_group(connection, group, extent));
  }
  return report;
}

Result<void> index_terms_anew(Connection& connection) {
  return connection.execute(
      "INSERT INTO terms (terms) VALUES ('delete-all'); DELETE FROM terms_pending; "
      "INSERT INTO terms_pending (seq) SELECT seq FROM executions INDEXED BY "
      "executions_by_time; DELETE FROM terms_pending WHERE seq IN (SELECT seq FROM "
      "executions INDEXED BY executions_running WHERE running = 1)");
}

Result<void> remember_used_numbers(Connection& connection) {
  return connection.execute(
      fmt::format("INSERT INTO settings (name, value) SELECT 'last_seq', max("
                  "coalesce((SELECT max(seq) FROM executions), 0), "
                  "coalesce((SELECT max(seq) FROM records), 0), "
                  "coalesce((SELECT max(seq) FROM terms_pending), 0), "
                  "coalesce((SELECT max(grp) FROM row_groups), 0) * {}) WHERE true "
                  "ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
                  kRowGroupRows));
}

}  // namespace trawl::sqlite
