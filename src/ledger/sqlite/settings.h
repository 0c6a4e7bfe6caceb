#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "sqlite/connection.h"

// The table `settings`: numbers to remember.
namespace trawl::sqlite {

// The greatest number of an execution that was removed; see Writer::next_seq().
inline constexpr std::string_view kLastSeq = "last_seq";
// Executions that were removed, but whose terms are still somewhere in the index;
inline constexpr std::string_view kUnmerged = "unmerged";
// and after which nobody has looked for words that are no longer in use.
inline constexpr std::string_view kUnswept = "unswept";
// The execution of which some terms are in the index, while the rest waits; or 0.
inline constexpr std::string_view kPartlyIndexed = "partly_indexed";
// How many bytes of its terms those are.
inline constexpr std::string_view kIndexedBytes = "indexed_bytes";

// 0 where it was never written.
Result<std::int64_t> read_setting(Connection& connection, std::string_view name);
// Within the caller's write transaction.
Result<void> add_to_setting(Connection& connection, std::string_view name,
                            std::int64_t number);
Result<void> raise_setting(Connection& connection, std::string_view name,
                           std::int64_t at_least);

}  // namespace trawl::sqlite
