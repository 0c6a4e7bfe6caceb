#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sqlite/connection.h"

// Rebuilds what is kept beside the rows of a history, where it does not say what they
// say.
namespace trawl::sqlite {

using RepairProgress =
    std::function<void(std::string_view doing, std::uint64_t done, std::uint64_t total)>;

struct GroupRepair {
  std::uint64_t opened = 0;     // Closed ones, whose columns lacked rows.
  std::uint64_t placed = 0;     // Listed anew, or where they lie in time.
  std::uint64_t forgotten = 0;  // Listed, and without rows.
};
// Within the caller's write transaction, as the next two.
//
// Holds the list of row groups against the index of rows by time, which is quick. Columns
// are believed if they have as many rows as the group.
Result<GroupRepair> repair_groups(Connection& connection, const RepairProgress& progress);

// Empties the index of terms; what it held is reindexed by maintenance.
Result<void> index_terms_anew(Connection& connection);

// Numbers that were used, by rows that are gone as well: none of them is given again.
Result<void> remember_used_numbers(Connection& connection);

// Brings the file to the newest schema, checks it thoroughly and repairs what the rows can
// tell. Says what was done, one sentence each; nothing where all was well. What is lost,
// such as a record, stays a problem of check_ledger(). No server may use the file. An error
// leaves the rows as they were.
//   storage  a newer version of this program wrote the file, or the disk refused
Result<std::vector<std::string>> repair_ledger(const std::string& path,
                                               const RepairProgress& progress);

}  // namespace trawl::sqlite
