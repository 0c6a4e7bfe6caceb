#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ledger/sqlite/words.h"
#include "model/execution.h"
#include "sqlite/connection.h"

// Single executions by their number, within the caller's read transaction. What is not
// there, or cannot be decoded, is a storage error, except where find_seq() looks for it.
namespace trawl::sqlite {

// Reads the rows of one page or scan, which repeat most of their words.
class RowReader {
 public:
  // The connection and its transaction have to outlive it.
  static Result<RowReader> make(Connection& connection, Words& words);

  // Appends the JSON object of the list.
  Result<void> append(std::int64_t seq, std::string& out);
  // The same of a row at hand: one that selects kColumns, from the column `first` on.
  static constexpr std::string_view kColumns = "ts, id, status, mode, collections, row";
  Result<void> append(const Statement& row, int first, std::string& out);

 private:
  RowReader(Connection& connection, Words& words, Statement select)
      : connection_(connection), words_(words), select_(std::move(select)) {}
  Result<const Word*> word(std::int64_t number);

  Connection& connection_;
  Words& words_;
  Statement select_;
  std::vector<std::pair<std::int64_t, std::shared_ptr<const Word>>> known_;
};

// The key in the indexes: execution_id_key().
Result<std::string> read_id_key(Connection& connection, std::int64_t seq);

// The JSON object of GET, without parsing what is stored.
Result<std::string> read_detail(Connection& connection, Words& words, std::int64_t seq);

// Likewise of the parsed record; `storage` when it cannot be parsed.
Result<Execution> read_execution(Connection& connection, Words& words, std::int64_t seq);

// Whether the text of the record, as it is stored, has these bytes in it; what it shares
// with the row and the definition is not looked at.
Result<bool> record_holds(Connection& connection, std::int64_t seq, std::string_view bytes);

// Nothing when the namespace has no such execution.
Result<std::optional<std::int64_t>> find_seq(Connection& connection,
                                             const NamespaceId& namespace_id,
                                             const ExecutionId& id);

}  // namespace trawl::sqlite
