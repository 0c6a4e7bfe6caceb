#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/sqlite/group_summary.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// Executions are looked at in row groups (the term of Parquet): those whose `seq` has the
// same quotient by kRowGroupRows. Once a group is full and all in it have ended, it is
// closed: its columns are stored as arrays, so a condition on millions of executions
// reads a few bytes of each, and whole groups outside a time range are never read.

inline constexpr std::int64_t kRowGroupRows = 4096;
inline constexpr std::int64_t kColumnsMax = 32;

constexpr std::int64_t group_of(std::int64_t seq) {
  return seq / kRowGroupRows;
}

// Columns of whole numbers; words are 0 where there is none. The numbers are stored: never
// change them.
enum class IntColumn {
  seq = 0,
  ns = 1,
  timestamp = 2,  // microseconds
  status = 3,
  mode = 4,
  failed_stage = 5,
  caller = 6,
  collections = 7,
  stages = 8,
  shape = 9,
  total_processed = 10,
  total_returned = 11,
  stages_completed = 12,
  total_stages = 13,
};
inline constexpr std::size_t kIntColumns = 14;

// Columns of numbers with fractions; NaN stands for null.
enum class RealColumn { duration_ms = 16, credits_used = 17, cache_hit_rate = 18 };
inline constexpr std::size_t kRealColumns = 3;

// How a column is stored. Reading gives back the same numbers, bit for bit.
std::string encode_integers(std::span<const std::int64_t> numbers);
std::string encode_reals(std::span<const double> numbers);
//   storage  the bytes are not what the encoder makes of `count` numbers
Result<std::vector<std::int64_t>> decode_integers(std::string_view bytes,
                                                  std::size_t count);
Result<std::vector<double>> decode_reals(std::string_view bytes, std::size_t count);

// The executions of one group, or some of any groups, as columns. Those of a closed group
// are read when they are first asked for.
class RowGroup {
 public:
  // A closed group of so many rows; the connection's transaction has to stay open.
  RowGroup(Connection& connection, std::int64_t group, std::size_t size)
      : connection_(&connection), group_(group), size_(size) {}

  // What stands in the table now, in the order of seq: from first to last, both included.
  static Result<RowGroup> read_range(Connection& connection, std::int64_t first,
                                     std::int64_t last);
  // These; those that are gone are left out.
  static Result<RowGroup> read_some(Connection& connection,
                                    std::span<const std::int64_t> seqs);

  std::size_t size() const { return size_; }
  // Valid as long as the group stays where it is.
  //   storage  the column is missing or damaged
  Result<const std::vector<std::int64_t>*> integers(IntColumn column);
  Result<const std::vector<double>*> reals(RealColumn column);

  // Writes the columns of this group, which was read by read_range, and marks it closed.
  // `summary` is encode_summary() of it. The group has rows, and was not closed before.
  // Within the caller's write transaction.
  Result<void> close(Connection& connection, std::int64_t group,
                     std::string_view summary) const;

 private:
  explicit RowGroup(std::size_t size) : size_(size) {}
  Result<void> append(const Statement& row);

  Connection* connection_ = nullptr;  // Null when every column is there.
  std::int64_t group_ = 0;
  std::size_t size_ = 0;
  std::array<std::optional<std::vector<std::int64_t>>, kIntColumns> integers_;
  std::array<std::optional<std::vector<double>>, kRealColumns> reals_;
};

// Where a group lies in time; it need not reach its bounds.
struct GroupPlace {
  std::int64_t group = 0;
  bool closed = false;
  std::size_t row_count = 0;  // Of a closed group.
  TimeUs ts_min = kTimeMin;
  TimeUs ts_max = kTimeMax;
};
// The groups that may hold executions of this time, in no order.
Result<std::vector<GroupPlace>> read_groups(Connection& connection, TimeUs start,
                                            TimeUs end);
Result<RowGroup> read_group(Connection& connection, const GroupPlace& place);

// Of a closed group.
//   storage  it is missing or damaged
Result<std::vector<GroupSummaryEntry>> read_summary(Connection& connection,
                                                    std::int64_t group);

// Marks the group of an execution that is about to be changed as open. Within the caller's
// write transaction.
Result<void> open_group(Connection& connection, std::int64_t group);

}  // namespace trawl::sqlite
