#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "ledger/execution_filter.h"
#include "ledger/sqlite/budget.h"
#include "ledger/sqlite/words.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// Holds records against a filter, where no column and no index answers. To parse a record
// takes many times as long as to read it, so what can be seen in its text is looked for
// there first. Used by one thread, within one read transaction; all must outlive it.
class RecordCheck {
 public:
  RecordCheck(Connection& connection, Words& words, const ExecutionFilter& filter,
              const Budget& budget);

  // Whether an execution matches; nothing where the conditions took too long for this one.
  //   storage
  Result<std::optional<bool>> matches(std::int64_t seq) const;

 private:
  Connection& connection_;
  Words& words_;
  const ExecutionFilter& filter_;
  const Budget& budget_;
  // What stands in the text of every record that may match; empty: nothing is known.
  std::string mark_;
};

}  // namespace trawl::sqlite
