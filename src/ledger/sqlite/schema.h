#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/sqlite.h"

namespace trawl::sqlite {

// The schema that this program writes. A database of an older one is brought up to it; a
// newer one is refused, since we could not keep what we do not know.
inline constexpr std::int64_t kLedgerSchema = 1;

// Makes or migrates the tables of the ledger, each step in a transaction of its own.
//   storage  the database is of a newer schema, or the disk refused
Result<void> prepare_ledger_schema(Connection& connection, const std::string& path);

}  // namespace trawl::sqlite
