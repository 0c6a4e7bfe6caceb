#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/sqlite.h"
#include "ledger/sqlite/words.h"
#include "model/execution.h"

// Single executions by their number, within the caller's read transaction.
namespace trawl::sqlite {

// Appends the JSON object of the list.
//   storage  there is no such row
Result<void> append_row(Connection& connection, Words& words, std::int64_t seq,
                        std::string& out);

// The key in the indexes: execution_id_key().
Result<std::string> read_id_key(Connection& connection, std::int64_t seq);

// The JSON object of GET, without parsing what is stored.
Result<std::string> read_detail(Connection& connection, Words& words, std::int64_t seq);

Result<Execution> read_execution(Connection& connection, Words& words, std::int64_t seq);

// Nothing when the namespace has no such execution.
Result<std::optional<std::int64_t>> find_seq(Connection& connection,
                                             const NamespaceId& namespace_id,
                                             const ExecutionId& id);

}  // namespace trawl::sqlite
