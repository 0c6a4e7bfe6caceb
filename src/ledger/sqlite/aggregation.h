#pragma once

#include "base/result.h"
#include "ledger/aggregate.h"
#include "ledger/execution_filter.h"
#include "ledger/sqlite/group_summary.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/words.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// As Ledger::aggregate; one read transaction.
Result<Aggregate> aggregate_executions(Connection& connection, Words& words,
                                       const ExecutionFilter& filter,
                                       const AggregateRequest& request);

// The figures of all rows of a group, to be stored when it is closed.
Result<std::vector<GroupSummaryEntry>> summarize(Connection& connection, Words& words,
                                                 RowGroup& group);

}  // namespace trawl::sqlite
