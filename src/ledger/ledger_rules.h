#pragma once

#include <set>
#include <span>
#include <string_view>

#include "base/result.h"
#include "ledger/ledger.h"

// What every ledger asks of its callers, in one place, so they refuse alike.
namespace trawl {

// The error of an execution that a dead process left behind.
inline constexpr std::string_view kInterrupted =
    "interrupted: the server stopped before this execution ended";

//   invalid  a namespace is empty, or validate_summary() refuses a summary
Result<void> check_writes(std::span<const LedgerWrite> writes);

//   not_found  a write belongs to one of these namespaces
Result<void> refuse_removed(const std::set<NamespaceId>& removed,
                            std::span<const LedgerWrite> writes);

//   invalid  limit or offset is out of range
Result<void> check_page(const ExecutionPageRequest& page);

// An amount as the row shows it: not below 0, and finite; NaN becomes 0.
double finite_amount(double amount);

// The place of an execution in a list that is sorted so.
ExecutionKey execution_key(const ExecutionSummary& summary, ExecutionSort sort);

}  // namespace trawl
