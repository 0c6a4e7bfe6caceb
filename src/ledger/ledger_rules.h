#pragma once

#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"

// What every ledger asks of its callers, in one place, so they refuse alike.
namespace trawl {

// The error of an execution that a dead process left behind.
inline constexpr std::string_view kInterrupted =
    "interrupted: the server stopped before this execution ended";

// An outcome for each write: what Ledger::append() has to refuse as invalid, and of the
// others `repeated`, until the ledger knows.
std::vector<AppendOutcome> refuse_invalid(std::span<const LedgerWrite> writes);

// Refuses those that belong to one of these namespaces: not_found.
void refuse_removed(const std::set<NamespaceId>& removed,
                    std::span<const LedgerWrite> writes, std::span<AppendOutcome> outcomes);

// The answers of external calls that a ledger keeps of an execution, in their order.
std::vector<std::string_view> kept_answers(const Execution& execution);
// Takes all answers out of it, as it is read back.
void drop_answers(Execution& execution);

//   invalid  limit or offset is out of range
Result<void> check_page(const ExecutionPageRequest& page);

// An amount as the row shows it: not below 0, and finite; NaN becomes 0.
double finite_amount(double amount);

// The place of an execution in a list that is sorted so.
ExecutionKey execution_key(const ExecutionSummary& summary, ExecutionSort sort);

}  // namespace trawl
