#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// Says in the log how far a migration is, every two seconds once it has taken that long.
// Used by one thread.
class MigrationProgress {
 public:
  explicit MigrationProgress(std::string path);
  // `total` is 0 where nobody knows.
  void at(std::string_view doing, std::uint64_t done, std::uint64_t total);

 private:
  const std::string path_;
  std::int64_t next_us_;
};

// One step of a schema: SQL, and then what SQL alone does not do well. Both run in the
// step's transaction, so a step that was interrupted at any point has not begun.
struct MigrationStep {
  const char* sql;
  Result<void> (*work)(Connection& connection, MigrationProgress& progress) = nullptr;
};

// Brings a database to the newest schema: step n leads from PRAGMA user_version n to
// n + 1. A step that was released is never edited. An error leaves the steps before it.
//   storage  a newer version of the program wrote the file, or the disk refused
//   and what a step returns
Result<void> migrate(Connection& connection, std::span<const MigrationStep> steps,
                     const std::string& path);

//   storage  the schema of the file is newer than this program knows
Result<void> refuse_newer_schema(Connection& connection, std::int64_t known,
                                 const std::string& path);

}  // namespace trawl::sqlite
