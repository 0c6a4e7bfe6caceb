#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// Whether what records have in common is there and as it was, and used as often as it says.
// `part` is "contents" where repair_contents() knows what to do; what is lost is told of
// the "records". Thorough: reads every content and hashes it. Begins read transactions of
// its own.
Result<void> check_contents(
    Connection& connection, bool thorough,
    const std::function<void(std::string_view part, std::string message)>& tell);

// Counts the uses anew, and removes what no record has. Says what was done, one sentence
// each. Within the caller's write transaction.
Result<std::vector<std::string>> repair_contents(Connection& connection);

}  // namespace trawl::sqlite
