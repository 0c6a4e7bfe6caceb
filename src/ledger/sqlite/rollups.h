#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/mode_kind.h"
#include "sqlite/connection.h"

// Counts of executions per namespace, status and stretch of time, kept in the transaction
// of the row that they count. They make an exact total cost a few look-ups. Those that
// descend from others are counted among all, and once more by the kind of their mode.
namespace trawl::sqlite {

// Stretches of UTC. The numbers are stored: never change them.
enum class RollupUnit { all = 0, minute = 1, hour = 2, day = 3, month = 4 };

// The status number under which every execution is counted, whatever its status.
inline constexpr std::int64_t kAnyStatus = 0;

// Which stretch an instant lies in: minutes, hours and days since 1970, year * 12 + month
// - 1, or 0 for all. Works for every instant of the years 1 to 10000.
std::int64_t rollup_bucket(RollupUnit unit, TimeUs time);

// The first instant of a stretch.
TimeUs rollup_bucket_start(RollupUnit unit, std::int64_t bucket);

// A part of a time range: buckets first..last of a unit, both included, or, when `scan` is
// set, the instants first..last that fill no whole minute.
struct RangePart {
  bool scan = false;
  RollupUnit unit = RollupUnit::all;
  std::int64_t first = 0;
  std::int64_t last = 0;
};

// Splits start..end, both included, into parts that cover each instant once, as few and as
// coarse as they can be. Empty when start is after end. Instants outside the years 1 to
// 9999 are brought to the nearest end, since no execution lies there.
std::vector<RangePart> split_range(TimeUs start, TimeUs end);

// How a batch changes the counts; each count is written once, however many rows moved it.
class RollupChanges {
 public:
  // `count` more (or, below zero, fewer) executions of this status and kind of mode at this
  // time.
  void add(std::int64_t ns, ModeKind kind, std::int64_t status, TimeUs time,
           std::int64_t count);
  // The same among those that descend alone.
  void add_descended(std::int64_t ns, ModeKind kind, std::int64_t status, TimeUs time,
                     std::int64_t count);
  // Of all executions that descend from others: counts among those alone.
  static Result<RollupChanges> of_descended(Connection& connection);
  // In how many of these the stored ones differ, or lack their namespace's mark.
  Result<std::uint64_t> count_wrong_descended(Connection& connection) const;
  // Within the caller's write transaction.
  Result<void> apply(Connection& connection) const;

 private:
  // namespace, status, unit, bucket
  using Key = std::tuple<std::int64_t, std::int64_t, int, std::int64_t>;
  using Counts = std::map<Key, std::int64_t>;
  static void add_to(Counts& counts, std::int64_t ns, std::int64_t status, TimeUs time,
                     std::int64_t count);
  Result<void> apply_descended(Connection& connection) const;

  Counts counts_;
  std::map<ModeKind, Counts> descended_;
};

// How many executions of a namespace have this status (or kAnyStatus) and a timestamp in
// start..end. Within the caller's read transaction.
Result<std::uint64_t> count_executions(Connection& connection, std::int64_t ns,
                                       std::int64_t status, TimeUs start, TimeUs end);
// Of these those of one kind that descends from others.
Result<std::uint64_t> count_descended(Connection& connection, std::int64_t ns,
                                      ModeKind kind, std::int64_t status, TimeUs start,
                                      TimeUs end);

// Counts what descends from others anew, for a history that did not. Where there is none,
// it costs a look-up. Within the caller's write transaction.
Result<void> recount_descended(Connection& connection);

}  // namespace trawl::sqlite
