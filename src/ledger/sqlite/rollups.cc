#include "ledger/sqlite/rollups.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "ledger/sqlite/words.h"

namespace trawl::sqlite {
namespace {

// From fine to coarse; the stretches of each are whole stretches of the one before.
constexpr std::array kUnits = {RollupUnit::minute, RollupUnit::hour, RollupUnit::day,
                               RollupUnit::month};

constexpr std::int64_t floor_divide(std::int64_t number, std::int64_t divisor) {
  const std::int64_t quotient = number / divisor;
  return number % divisor < 0 ? quotient - 1 : quotient;
}

std::int64_t month_of(TimeUs time) {
  using namespace std::chrono;
  const days day{floor_divide(time, kMicrosPerDay)};
  const year_month_day date{sys_days{day}};
  return static_cast<int>(date.year()) * 12LL + static_cast<unsigned>(date.month()) - 1;
}

TimeUs month_start(std::int64_t month) {
  using namespace std::chrono;
  const std::int64_t whole_years = floor_divide(month, 12);
  const year_month_day date{
      year{static_cast<int>(whole_years)},
      std::chrono::month{static_cast<unsigned>(month - whole_years * 12 + 1)},
      std::chrono::day{1}};
  return sys_days{date}.time_since_epoch().count() * kMicrosPerDay;
}

std::int64_t unit_length(RollupUnit unit) {
  switch (unit) {
    case RollupUnit::minute:
      return kMicrosPerMinute;
    case RollupUnit::hour:
      return kMicrosPerHour;
    default:
      return kMicrosPerDay;
  }
}

// The first stretch that begins at or after an instant.
std::int64_t bucket_from(RollupUnit unit, TimeUs time) {
  const std::int64_t bucket = rollup_bucket(unit, time);
  return rollup_bucket_start(unit, bucket) == time ? bucket : bucket + 1;
}

// Covers begin..end (end excluded), both at borders of kUnits[finer - 1].
void split_aligned(std::vector<RangePart>& parts, TimeUs begin, TimeUs end,
                   std::size_t finer) {
  if (begin >= end) return;
  const auto add = [&](TimeUs from, TimeUs to) {
    if (from >= to) return;
    if (finer == 0) {
      parts.push_back({true, RollupUnit::all, from, to - 1});
    } else {
      const RollupUnit unit = kUnits[finer - 1];
      parts.push_back(
          {false, unit, rollup_bucket(unit, from), rollup_bucket(unit, to) - 1});
    }
  };
  if (finer == kUnits.size()) {
    add(begin, end);
    return;
  }
  const RollupUnit coarser = kUnits[finer];
  const TimeUs inner_begin = rollup_bucket_start(coarser, bucket_from(coarser, begin));
  const TimeUs inner_end = rollup_bucket_start(coarser, rollup_bucket(coarser, end));
  if (inner_begin >= inner_end) {
    add(begin, end);
    return;
  }
  add(begin, inner_begin);
  split_aligned(parts, inner_begin, inner_end, finer + 1);
  add(inner_end, end);
}

Result<std::uint64_t> count_part(Connection& connection, std::int64_t ns,
                                 std::int64_t status, const RangePart& part) {
  if (!part.scan) {
    TRAWL_ASSIGN(auto sum, connection.prepare("SELECT coalesce(sum(count), 0) FROM rollups "
                                              "WHERE ns = ? AND status = ? AND unit = ? "
                                              "AND bucket >= ? AND bucket <= ?"));
    sum.bind(ns, status, static_cast<int>(part.unit), part.first, part.last);
    TRAWL_TRY(sum.step());
    return static_cast<std::uint64_t>(sum.integer(0));
  }
  if (status == kAnyStatus) {
    TRAWL_ASSIGN(
        auto count,
        connection.prepare("SELECT count(*) FROM executions INDEXED BY executions_by_time "
                           "WHERE ns = ? AND ts >= ? AND ts <= ?"));
    count.bind(ns, part.first, part.last);
    TRAWL_TRY(count.step());
    return static_cast<std::uint64_t>(count.integer(0));
  }
  TRAWL_ASSIGN(
      auto count,
      connection.prepare("SELECT count(*) FROM executions INDEXED BY executions_by_status "
                         "WHERE ns = ? AND status = ? AND ts >= ? AND ts <= ?"));
  count.bind(ns, status, part.first, part.last);
  TRAWL_TRY(count.step());
  return static_cast<std::uint64_t>(count.integer(0));
}

}  // namespace

std::int64_t rollup_bucket(RollupUnit unit, TimeUs time) {
  switch (unit) {
    case RollupUnit::all:
      return 0;
    case RollupUnit::month:
      return month_of(time);
    default:
      return floor_divide(time, unit_length(unit));
  }
}

TimeUs rollup_bucket_start(RollupUnit unit, std::int64_t bucket) {
  switch (unit) {
    case RollupUnit::all:
      return kTimeMin;
    case RollupUnit::month:
      return month_start(bucket);
    default:
      return bucket * unit_length(unit);
  }
}

std::vector<RangePart> split_range(TimeUs start, TimeUs end) {
  if (start > end || start > kTimeMax || end < kTimeMin) return {};
  start = std::max(start, kTimeMin);
  end = std::min(end, kTimeMax);
  if (start == kTimeMin && end == kTimeMax) return {{false, RollupUnit::all, 0, 0}};
  std::vector<RangePart> parts;
  split_aligned(parts, start, end + 1, 0);
  return parts;
}

void RollupChanges::add(std::int64_t ns, ModeKind kind, std::int64_t status, TimeUs time,
                        std::int64_t count) {
  add_to(counts_, ns, status, time, count);
  if (kind != kOwnMode) add_descended(ns, kind, status, time, count);
}

void RollupChanges::add_descended(std::int64_t ns, ModeKind kind, std::int64_t status,
                                  TimeUs time, std::int64_t count) {
  add_to(descended_[kind], ns, status, time, count);
}

void RollupChanges::add_to(Counts& counts, std::int64_t ns, std::int64_t status,
                           TimeUs time, std::int64_t count) {
  for (const std::int64_t counted : {kAnyStatus, status}) {
    counts[{ns, counted, static_cast<int>(RollupUnit::all), 0}] += count;
    for (const RollupUnit unit : kUnits) {
      counts[{ns, counted, static_cast<int>(unit), rollup_bucket(unit, time)}] += count;
    }
  }
}

Result<void> RollupChanges::apply(Connection& connection) const {
  for (const auto& [key, count] : counts_) {
    if (count == 0) continue;
    const auto& [ns, status, unit, bucket] = key;
    TRAWL_ASSIGN(auto upsert,
                 connection.prepare("INSERT INTO rollups (ns, status, unit, bucket, count) "
                                    "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                                    "SET count = count + excluded.count"));
    TRAWL_TRY(upsert.bind(ns, status, unit, bucket, count).run());
    if (count > 0) continue;
    // Every execution passes through processing; its empty minutes must not pile up.
    TRAWL_ASSIGN(auto remove,
                 connection.prepare("DELETE FROM rollups WHERE ns = ? AND status = ? "
                                    "AND unit = ? AND bucket = ? AND count = 0"));
    TRAWL_TRY(remove.bind(ns, status, unit, bucket).run());
  }
  return apply_descended(connection);
}

Result<void> RollupChanges::apply_descended(Connection& connection) const {
  for (const auto& [kind, counts] : descended_) {
    const auto mode = static_cast<std::int64_t>(kind);
    for (const auto& [key, count] : counts) {
      if (count == 0) continue;
      const auto& [ns, status, unit, bucket] = key;
      if (status == kAnyStatus && unit == static_cast<int>(RollupUnit::all)) {
        TRAWL_ASSIGN(auto note, connection.prepare("UPDATE namespaces SET descended = 1 "
                                                   "WHERE ns = ? AND descended = 0"));
        TRAWL_TRY(note.bind(ns).run());
      }
      TRAWL_ASSIGN(
          auto upsert,
          connection.prepare("INSERT INTO mode_rollups (ns, mode, status, unit, bucket, "
                             "count) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                             "SET count = count + excluded.count"));
      TRAWL_TRY(upsert.bind(ns, mode, status, unit, bucket, count).run());
      if (count > 0) continue;
      TRAWL_ASSIGN(
          auto remove,
          connection.prepare("DELETE FROM mode_rollups WHERE ns = ? AND mode = ? AND "
                             "status = ? AND unit = ? AND bucket = ? AND count = 0"));
      TRAWL_TRY(remove.bind(ns, mode, status, unit, bucket).run());
    }
  }
  return {};
}

Result<std::uint64_t> count_executions(Connection& connection, std::int64_t ns,
                                       std::int64_t status, TimeUs start, TimeUs end) {
  std::uint64_t total = 0;
  for (const RangePart& part : split_range(start, end)) {
    TRAWL_ASSIGN(const std::uint64_t count, count_part(connection, ns, status, part));
    total += count;
  }
  return total;
}

Result<std::uint64_t> count_descended(Connection& connection, std::int64_t ns,
                                      ModeKind kind, std::int64_t status, TimeUs start,
                                      TimeUs end) {
  const auto mode = static_cast<std::int64_t>(kind);
  const auto in_buckets = [&](RollupUnit unit, std::int64_t first,
                              std::int64_t last) -> Result<std::uint64_t> {
    TRAWL_ASSIGN(auto sum,
                 connection.prepare("SELECT coalesce(sum(count), 0) FROM mode_rollups "
                                    "WHERE ns = ? AND mode = ? AND status = ? AND unit = ? "
                                    "AND bucket >= ? AND bucket <= ?"));
    sum.bind(ns, mode, status, static_cast<int>(unit), first, last);
    TRAWL_TRY(sum.step());
    return static_cast<std::uint64_t>(sum.integer(0));
  };
  std::uint64_t total = 0;
  for (const RangePart& part : split_range(start, end)) {
    if (!part.scan) {
      TRAWL_ASSIGN(const std::uint64_t count, in_buckets(part.unit, part.first, part.last));
      total += count;
      continue;
    }
    // No index knows the mode: most minutes have none.
    TRAWL_ASSIGN(
        const std::uint64_t near,
        in_buckets(RollupUnit::minute, rollup_bucket(RollupUnit::minute, part.first),
                   rollup_bucket(RollupUnit::minute, part.last)));
    if (near == 0) continue;
    TRAWL_ASSIGN(
        auto count,
        connection.prepare("SELECT count(*) FROM executions INDEXED BY executions_by_time "
                           "WHERE ns = ?1 AND ts >= ?2 AND ts <= ?3 AND mode = (SELECT "
                           "word FROM words WHERE text = ?4) AND ?5 IN (0, status)"));
    count.bind(ns, part.first, part.last, mode_kind_name(kind), status);
    TRAWL_TRY(count.step());
    total += static_cast<std::uint64_t>(count.integer(0));
  }
  return total;
}

Result<RollupChanges> RollupChanges::of_descended(Connection& connection) {
  RollupChanges changes;
  for (ModeKind kind = kOwnMode + 1; kind < kModeKinds; ++kind) {
    TRAWL_ASSIGN(const auto word, Words::number_of(connection, mode_kind_name(kind)));
    if (!word) continue;
    TRAWL_ASSIGN(auto rows, connection.prepare("SELECT ns, status, ts FROM executions "
                                               "WHERE mode = ?"));
    rows.bind(*word);
    while (true) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) break;
      changes.add_descended(rows.integer(0), kind, rows.integer(1), rows.integer(2), 1);
    }
  }
  return changes;
}

Result<std::uint64_t> RollupChanges::count_wrong_descended(Connection& connection) const {
  auto wanted = descended_;
  std::uint64_t wrong = 0;
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT r.ns, r.mode, r.status, r.unit, r.bucket, "
                                  "r.count, coalesce(n.descended, 1) FROM mode_rollups r "
                                  "LEFT JOIN namespaces n ON n.ns = r.ns"));
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) break;
    auto& counts = wanted[static_cast<ModeKind>(rows.integer(1))];
    const auto at = counts.find({rows.integer(0), rows.integer(2),
                                 static_cast<int>(rows.integer(3)), rows.integer(4)});
    if (at == counts.end() || at->second != rows.integer(5) || rows.integer(6) == 0) {
      ++wrong;
    }
    if (at != counts.end()) counts.erase(at);
  }
  for (const auto& [kind, missing] : wanted) wrong += missing.size();
  return wrong;
}

Result<void> recount_descended(Connection& connection) {
  TRAWL_TRY(connection.execute("DELETE FROM mode_rollups"));
  TRAWL_ASSIGN(const RollupChanges all, RollupChanges::of_descended(connection));
  return all.apply(connection);
}

}  // namespace trawl::sqlite
