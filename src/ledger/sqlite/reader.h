#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/rendered.h"
#include "ledger/sqlite/words.h"
#include "sqlite/connection.h"

// The reading half of the SQLite ledger. Each call is one read transaction, but
// scan_executions() reads batch by batch.
namespace trawl::sqlite {

// As the functions of Ledger.
Result<RenderedPage> list_executions(Connection& connection, Words& words,
                                     const ExecutionFilter& filter,
                                     const ExecutionPageRequest& page);
Result<void> scan_executions(Connection& connection, Words& words,
                             const ExecutionFilter& filter, const ScanRequest& request,
                             const RenderedVisitor& visit);
Result<std::optional<Execution>> find_execution(Connection& connection, Words& words,
                                                const NamespaceId& namespace_id,
                                                const ExecutionId& id);
Result<std::vector<Content>> execution_contents(Connection& connection,
                                                const NamespaceId& namespace_id,
                                                const ExecutionId& id);
Result<std::optional<std::string>> find_execution_json(Connection& connection, Words& words,
                                                       const NamespaceId& namespace_id,
                                                       const ExecutionId& id);
Result<std::vector<RunningExecution>> running_executions(Connection& connection,
                                                         const NamespaceId& namespace_id);
Result<std::vector<NamespaceId>> recorded_namespaces(Connection& connection);

}  // namespace trawl::sqlite
