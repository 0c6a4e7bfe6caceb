#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// Makes or migrates the tables of the ledger.
//   storage  the database is of a newer schema, which we could not keep, or of a version
//            before 0.1; or the disk refused
Result<void> prepare_ledger_schema(Connection& connection, const std::string& path);

// The newest that this program knows.
std::int64_t ledger_schema_version();

// The first that has `contents`.
inline constexpr std::int64_t kContentsSchema = 4;
// The first that has `mode_rollups`.
inline constexpr std::int64_t kModesSchema = 5;

}  // namespace trawl::sqlite
