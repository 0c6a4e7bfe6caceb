#include "ledger/sqlite/repair.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "ledger/sqlite/check.h"
#include "ledger/sqlite/contents_check.h"
#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/schema.h"
#include "ledger/sqlite/settings.h"
#include "ledger/sqlite/terms_check.h"
#include "ledger/sqlite/words.h"

namespace trawl::sqlite {
namespace {

// Rows between two words about progress.
constexpr std::uint64_t kRepairProgressRows = 100'000;

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
    if (progress && done % kRepairProgressRows == 0) {
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
  TRAWL_TRY(connection.execute(
      "INSERT INTO terms (terms) VALUES ('delete-all'); DELETE FROM terms_pending; "
      "DELETE FROM settings WHERE name IN ('partly_indexed', 'indexed_bytes'); "
      "INSERT INTO terms_pending (seq) SELECT seq FROM executions INDEXED BY "
      "executions_by_time; DELETE FROM terms_pending WHERE seq IN (SELECT seq FROM "
      "executions INDEXED BY executions_running WHERE running = 1)"));
  // The words of what was deleted before anybody counted.
  return add_to_setting(connection, kUnswept, 1);
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

namespace {

constexpr RollupUnit kRepairedUnits[] = {RollupUnit::all, RollupUnit::minute,
                                         RollupUnit::hour, RollupUnit::day,
                                         RollupUnit::month};

// Writes the rollups of all statuses together, or of each, from rows in the order of
// namespace, status and time.
Result<void> recount_rollups(Connection& connection, std::string_view sql,
                             const RepairProgress& progress) {
  struct Count {
    std::int64_t ns = 0, status = 0, bucket = 0, count = 0;
  };
  Count counts[std::size(kRepairedUnits)];
  const auto put = [&](RollupUnit unit, const Count& count) -> Result<void> {
    if (count.count == 0) return {};
    TRAWL_ASSIGN(auto insert,
                 connection.prepare("INSERT INTO rollups (ns, status, unit, bucket, count) "
                                    "VALUES (?, ?, ?, ?, ?)"));
    return insert
        .bind(count.ns, count.status, static_cast<int>(unit), count.bucket, count.count)
        .run();
  };
  TRAWL_ASSIGN(auto rows, connection.prepare(sql));
  for (std::uint64_t done = 1;; ++done) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) break;
    for (std::size_t i = 0; i < std::size(kRepairedUnits); ++i) {
      Count& count = counts[i];
      const Count next{rows.integer(0), rows.integer(1),
                       rollup_bucket(kRepairedUnits[i], rows.integer(2)), 1};
      if (count.ns == next.ns && count.status == next.status &&
          count.bucket == next.bucket) {
        ++count.count;
        continue;
      }
      TRAWL_TRY(put(kRepairedUnits[i], count));
      count = next;
    }
    if (progress && done % kRepairProgressRows == 0)
      progress("counting executions", done, 0);
  }
  for (std::size_t i = 0; i < std::size(kRepairedUnits); ++i)
    TRAWL_TRY(put(kRepairedUnits[i], counts[i]));
  return {};
}

Result<std::int64_t> change(Connection& connection, const std::string& sql) {
  TRAWL_TRY(connection.execute(sql));
  return connection.changes();
}

class Repair {
 public:
  Repair(Connection& connection, const RepairProgress& progress)
      : connection_(connection), progress_(progress) {}

  Result<std::vector<std::string>> run() {
    CheckOptions options;
    options.samples = 0;
    options.problems_max = std::numeric_limits<std::size_t>::max();
    const CheckReport found = check_ledger(connection_, options, progress_);
    const auto wrong_terms = compare_terms();

    TRAWL_ASSIGN(auto transaction,
                 Transaction::begin(connection_, Transaction::Kind::write));
    TRAWL_TRY(remember_used_numbers(connection_));
    TRAWL_TRY(mend_records());
    TRAWL_TRY(mend_groups(found));
    if (has(found, "rollups")) TRAWL_TRY(mend_rollups());
    if (has(found, "definitions")) TRAWL_TRY(mend_definitions());
    TRAWL_ASSIGN(const auto contents, repair_contents(connection_));
    done_.insert(done_.end(), contents.begin(), contents.end());
    if (!wrong_terms) {
      TRAWL_TRY(index_terms_anew(connection_));
      done_.emplace_back("the index of terms was rebuilt: it was damaged");
    } else if (!wrong_terms->empty()) {
      TRAWL_TRY(index_terms_anew(connection_));
      note(static_cast<std::int64_t>(wrong_terms->size()),
           "executions were found by words that are not theirs: the index of terms was "
           "rebuilt");
    }
    TRAWL_TRY(transaction.commit());
    return std::move(done_);
  }

 private:
  static bool has(const CheckReport& report, std::string_view part) {
    return std::any_of(report.problems.begin(), report.problems.end(),
                       [&](const CheckProblem& problem) { return problem.part == part; });
  }
  void note(std::int64_t count, std::string_view what) {
    if (count > 0) done_.push_back(fmt::format("{} {}", count, what));
  }

  // An error is an index that has to be rebuilt, whatever is wrong with it.
  Result<std::vector<std::int64_t>> compare_terms() {
    TRAWL_TRY(check_terms_index(connection_));
    Words words;
    TRAWL_ASSIGN(auto transaction,
                 Transaction::begin(connection_, Transaction::Kind::read));
    return find_wrong_terms(connection_, words, progress_);
  }

  Result<void> mend_records() {
    TRAWL_ASSIGN(
        const auto records,
        change(connection_,
               "DELETE FROM records WHERE seq NOT IN (SELECT seq FROM executions)"));
    note(records, "records that belonged to no execution were removed");
    TRAWL_ASSIGN(const auto waiting,
                 change(connection_,
                        "DELETE FROM terms_pending WHERE seq NOT IN (SELECT seq FROM "
                        "executions)"));
    note(waiting, "numbers that are no execution no longer wait to be indexed");
    return {};
  }

  Result<void> mend_groups(const CheckReport& found) {
    std::set<std::int64_t> damaged;
    for (const CheckProblem& problem : found.problems) {
      if (problem.group) damaged.insert(*problem.group);
    }
    {
      // One in which something runs cannot be closed.
      TRAWL_ASSIGN(auto rows, connection_.prepare(
                                  "SELECT e.seq FROM executions e INDEXED BY "
                                  "executions_running JOIN row_groups g ON g.grp = e.seq / "
                                  "4096 AND g.closed = 1 WHERE e.running = 1"));
      static_assert(kRowGroupRows == 4096);
      while (true) {
        TRAWL_ASSIGN(const bool more, rows.step());
        if (!more) break;
        damaged.insert(group_of(rows.integer(0)));
      }
    }
    for (const std::int64_t group : damaged) TRAWL_TRY(open_group(connection_, group));
    TRAWL_ASSIGN(const GroupRepair groups, repair_groups(connection_, progress_));
    TRAWL_ASSIGN(
        const auto columns,
        change(connection_,
               fmt::format("DELETE FROM chunks WHERE chunk / {} NOT IN (SELECT grp "
                           "FROM row_groups WHERE closed = 1)",
                           kColumnsMax)));
    note(columns, "columns of row groups that are not closed were removed");
    note(static_cast<std::int64_t>(groups.opened + damaged.size()),
         "row groups were rebuilt: they lacked executions, or described them wrongly");
    note(static_cast<std::int64_t>(groups.placed), "row groups were listed where they lie");
    note(static_cast<std::int64_t>(groups.forgotten),
         "row groups without executions were taken off the list");
    return {};
  }

  Result<void> mend_rollups() {
    TRAWL_TRY(connection_.execute("DELETE FROM rollups"));
    for (const std::string_view sql :
         {"SELECT ns, status, ts FROM executions INDEXED BY executions_by_status ORDER BY "
          "ns, status, ts",
          "SELECT ns, 0, ts FROM executions INDEXED BY executions_by_time ORDER BY ns, "
          "ts"}) {
      TRAWL_TRY(recount_rollups(connection_, sql, progress_));
    }
    TRAWL_TRY(recount_descended(connection_));
    done_.emplace_back("the rollups were recounted");
    return {};
  }

  Result<void> mend_definitions() {
    TRAWL_TRY(connection_.execute(
        "CREATE TEMP TABLE uses (definition INTEGER PRIMARY KEY, uses INTEGER); "
        "INSERT INTO temp.uses SELECT definition, count(*) FROM executions "
        "WHERE definition IS NOT NULL GROUP BY definition"));
    TRAWL_ASSIGN(const auto counted,
                 change(connection_,
                        "UPDATE definitions SET uses = u.uses FROM temp.uses u WHERE "
                        "u.definition = definitions.definition AND u.uses != "
                        "definitions.uses"));
    note(counted, "pipelines had their uses recounted");
    TRAWL_ASSIGN(
        const auto unused,
        change(connection_,
               "DELETE FROM definitions WHERE definition NOT IN (SELECT definition "
               "FROM temp.uses)"));
    note(unused, "pipelines that no execution has were removed");
    return connection_.execute("DROP TABLE temp.uses");
  }

  Connection& connection_;
  const RepairProgress& progress_;
  std::vector<std::string> done_;
};

}  // namespace

Result<std::vector<std::string>> repair_ledger(const std::string& path,
                                               const RepairProgress& progress) {
  OpenOptions options;
  options.incremental_vacuum = true;
  options.mmap_bytes = 0;
  TRAWL_ASSIGN(const auto connection, Connection::open(path, options));
  TRAWL_TRY(prepare_ledger_schema(*connection, path));
  return Repair(*connection, progress).run();
}

}  // namespace trawl::sqlite
