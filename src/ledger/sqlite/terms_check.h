#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/sqlite/words.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// The numbers under which the index of terms has other terms than text_terms() of their
// execution, in no order: those that it lacks, and those of executions that are gone. Reads
// every record and the whole index; memory is a few bytes for each row group.
//
// Within the caller's read transaction, on a connection that may make a temporary table.
Result<std::vector<std::int64_t>> find_wrong_terms(
    Connection& connection, Words& words,
    const std::function<void(std::string_view doing, std::uint64_t done,
                             std::uint64_t total)>& progress);

}  // namespace trawl::sqlite
