#pragma once

#include <optional>

#include "base/result.h"
#include "base/sqlite.h"
#include "ledger/ledger.h"

// The reading half of the SQLite ledger. Each call takes one read transaction on the
// connection that it is given, and so sees one state of the history.
namespace trawl::sqlite {

Result<ExecutionPage> list_executions(Connection& connection, const ExecutionFilter& filter,
                                      const ExecutionPageRequest& page);

Result<void> scan_executions(Connection& connection, const ExecutionFilter& filter,
                             const ScanRequest& request, const ScanVisitor& visit);

Result<std::optional<Execution>> find_execution(Connection& connection,
                                                const NamespaceId& namespace_id,
                                                const ExecutionId& id);

// The summary that a stored row holds.
Result<ExecutionSummary> parse_stored_row(std::string_view row);

}  // namespace trawl::sqlite
