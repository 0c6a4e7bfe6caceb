#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/rendered.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/words.h"
#include "sqlite/connection.h"

// Lists that no index of the table answers: by row groups and their conditions. Within the
// caller's read transaction, under the work limit of the thread.
namespace trawl::sqlite {

// Fills a page of any filter in any order. Where `count` is false the total is left alone.
//   timeout  as Ledger::list(); where it can, a page ends early instead, as `partial`
Result<void> search_page(Connection& connection, Words& words,
                         const ExecutionFilter& filter, const ExecutionPageRequest& page,
                         bool count, RenderedPage& out);

// Calls `visit` with each group that holds matches, in no order, and with 1 for each row
// that matches. Stops when the budget is used up; then the result is false.
using GroupVisitor =
    std::function<Result<void>(RowGroup& group, const std::vector<std::uint8_t>& matching)>;
Result<bool> visit_matches(Connection& connection, Words& words,
                           const ExecutionFilter& filter, std::int64_t budget_us,
                           const GroupVisitor& visit);

// The matches of a page instead of its rows; `out` has the rest, and its total means
// nothing. Fails as search_page().
struct FoundKey {
  std::int64_t seq = 0;
  TimeUs timestamp = 0;
  std::string id;  // execution_id_key()
};
Result<std::vector<FoundKey>> search_keys(Connection& connection, Words& words,
                                          const ExecutionFilter& filter,
                                          const ExecutionPageRequest& page,
                                          RenderedPage& out);

// Up to `limit` matches that have ended, oldest first.
Result<std::vector<FoundKey>> oldest_matches(Connection& connection, Words& words,
                                             const ExecutionFilter& filter,
                                             std::uint32_t limit);

}  // namespace trawl::sqlite
