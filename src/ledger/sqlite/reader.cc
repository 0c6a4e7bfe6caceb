#include "ledger/sqlite/reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "ledger/execution_id_key.h"
#include "ledger/ledger_rules.h"
#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/rows.h"
#include "ledger/sqlite/search.h"

namespace trawl::sqlite {
namespace {

// What a basic filter means in numbers. The end is included.
struct Range {
  std::int64_t ns = 0;
  std::int64_t status = kAnyStatus;
  TimeUs start = kTimeMin;
  TimeUs end = kTimeMax;
};

// Nothing where the filter names what never was.
Result<std::optional<Range>> range_of(Connection& connection,
                                      const ExecutionFilter& filter) {
  std::optional<Range> none;
  Range range;
  {
    TRAWL_ASSIGN(auto select, connection.prepare("SELECT ns FROM namespaces WHERE id = ?"));
    TRAWL_ASSIGN(const bool found, select.bind(filter.namespace_id.str()).step());
    if (!found) return none;
    range.ns = select.integer(0);
  }
  if (filter.status) {
    TRAWL_ASSIGN(const auto status, Words::number_of(connection, *filter.status));
    if (!status) return none;
    range.status = *status;
  }
  range.start = std::max(filter.start_time.value_or(kTimeMin), kTimeMin);
  range.end = std::min(filter.end_time.value_or(kTimeMax), kTimeMax);
  if (range.start > range.end) return none;
  return std::optional<Range>(range);
}

// The four shapes of a walk down an index that covers it, so that skipping an offset reads
// no rows. A row value as the upper bound leads straight to the place of the cursor, even
// among many equal timestamps.
constexpr std::string_view kWalkByTime =
    "SELECT seq, ts, id FROM executions INDEXED BY executions_by_time "
    "WHERE ns = ?1 AND ts >= ?3 AND ts <= ?4 "
    "ORDER BY ts DESC, id DESC LIMIT ?6 OFFSET ?7";
constexpr std::string_view kWalkByTimeAfter =
    "SELECT seq, ts, id FROM executions INDEXED BY executions_by_time "
    "WHERE ns = ?1 AND ts >= ?3 AND (ts, id) < (?4, ?5) "
    "ORDER BY ts DESC, id DESC LIMIT ?6 OFFSET ?7";
constexpr std::string_view kWalkByStatus =
    "SELECT seq, ts, id FROM executions INDEXED BY executions_by_status "
    "WHERE ns = ?1 AND status = ?2 AND ts >= ?3 AND ts <= ?4 "
    "ORDER BY ts DESC, id DESC LIMIT ?6 OFFSET ?7";
constexpr std::string_view kWalkByStatusAfter =
    "SELECT seq, ts, id FROM executions INDEXED BY executions_by_status "
    "WHERE ns = ?1 AND status = ?2 AND ts >= ?3 AND (ts, id) < (?4, ?5) "
    "ORDER BY ts DESC, id DESC LIMIT ?6 OFFSET ?7";

// Newest first, from the index that the filter names. `visit` returns whether to go on.
Result<void> walk(Connection& connection, const Range& range,
                  const std::optional<ExecutionKey>& cursor, std::int64_t limit,
                  std::int64_t offset,
                  const std::function<Result<bool>(std::int64_t seq, TimeUs timestamp,
                                                   std::string_view id)>& visit) {
  // A key past the end of the range has the whole range behind it.
  const bool after = cursor && cursor->timestamp <= range.end;
  const bool any_status = range.status == kAnyStatus;
  TRAWL_ASSIGN(auto keys, connection.prepare(
                              any_status ? (after ? kWalkByTimeAfter : kWalkByTime)
                                         : (after ? kWalkByStatusAfter : kWalkByStatus)));
  std::string after_id;
  if (after && !cursor->execution_id.empty()) {
    after_id = execution_id_key(cursor->execution_id);
  }
  keys.bind(range.ns, range.status, range.start, after ? cursor->timestamp : range.end);
  keys.bind_blob(after_id).bind(limit, offset);
  while (true) {
    TRAWL_ASSIGN(const bool found, keys.step());
    if (!found) return {};
    TRAWL_ASSIGN(const bool go_on, visit(keys.integer(0), keys.integer(1), keys.text(2)));
    if (!go_on) return {};
  }
}

Result<void> read_basic_page(Connection& connection, Words& words, const Range& range,
                             const ExecutionPageRequest& page, ExecutionPage& out) {
  std::string last_id;
  const auto visit = [&](std::int64_t seq, TimeUs timestamp,
                         std::string_view id) -> Result<bool> {
    if (out.row_count == page.limit) {
      out.has_more = true;
      return false;
    }
    if (out.row_count++ > 0) out.rows.push_back(',');
    TRAWL_TRY(append_row(connection, words, seq, out.rows));
    last_id.assign(id);
    out.last.emplace().timestamp = timestamp;
    return true;
  };
  // One key more than asked for tells whether the list goes on.
  TRAWL_TRY(walk(connection, range, page.after, std::int64_t{page.limit} + 1, page.offset,
                 visit));
  if (out.last) out.last->execution_id = ExecutionId(execution_id_text(last_id));
  return {};
}

}  // namespace

Result<ExecutionPage> list_executions(Connection& connection, Words& words,
                                      const ExecutionFilter& filter,
                                      const ExecutionPageRequest& page) {
  TRAWL_TRY(check_page(page));
  ExecutionPage out;
  TRAWL_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Kind::read));
  if (filter.is_basic()) {
    TRAWL_ASSIGN(const auto range, range_of(connection, filter));
    if (!range) return out;
    TRAWL_ASSIGN(out.total, count_executions(connection, range->ns, range->status,
                                             range->start, range->end));
    if (out.total == 0) return out;
    if (page.sort == ExecutionSort::timestamp && !page.ascending) {
      TRAWL_TRY(read_basic_page(connection, words, *range, page, out));
    } else {
      TRAWL_TRY(search_page(connection, words, filter, page, false, out));
    }
  } else {
    TRAWL_TRY(search_page(connection, words, filter, page, true, out));
  }
  TRAWL_TRY(transaction.commit());
  return out;
}

Result<void> scan_executions(Connection& connection, Words& words,
                             const ExecutionFilter& filter, const ScanRequest& request,
                             const ScanVisitor& visit) {
  TRAWL_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Kind::read));
  bool go_on = true;
  const auto visit_row = [&](std::int64_t seq, TimeUs timestamp,
                             std::string_view id) -> Result<bool> {
    ScannedExecution scanned;
    scanned.key = {timestamp, ExecutionId(execution_id_text(id))};
    if (request.detail) {
      TRAWL_ASSIGN(scanned.json, read_detail(connection, words, seq));
    } else {
      TRAWL_TRY(append_row(connection, words, seq, scanned.json));
    }
    TRAWL_ASSIGN(go_on, visit(scanned));
    return go_on;
  };
  if (filter.is_basic()) {
    TRAWL_ASSIGN(const auto range, range_of(connection, filter));
    if (!range) return {};
    return walk(connection, *range, request.after, -1, 0, visit_row);
  }
  ExecutionPageRequest next;
  next.limit = kExecutionLimitMax;
  next.after = request.after;
  next.budget_us = std::numeric_limits<std::int64_t>::max() / 4;
  while (go_on) {
    ExecutionPage page;
    TRAWL_ASSIGN(const auto matches, search_keys(connection, words, filter, next, page));
    for (const auto& match : matches) {
      TRAWL_ASSIGN(const bool more, visit_row(match.seq, match.timestamp, match.id));
      if (!more) return {};
    }
    if (!page.has_more) return {};
    next.after = page.last;
  }
  return {};
}

Result<std::optional<Execution>> find_execution(Connection& connection, Words& words,
                                                const NamespaceId& namespace_id,
                                                const ExecutionId& id) {
  TRAWL_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Kind::read));
  TRAWL_ASSIGN(const auto seq, find_seq(connection, namespace_id, id));
  std::optional<Execution> found;
  if (!seq) return found;
  TRAWL_ASSIGN(found, read_execution(connection, words, *seq));
  // The record says where it was made; imported ones were made elsewhere.
  found->namespace_id = namespace_id;
  return found;
}

Result<std::optional<std::string>> find_execution_json(Connection& connection, Words& words,
                                                       const NamespaceId& namespace_id,
                                                       const ExecutionId& id) {
  TRAWL_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Kind::read));
  TRAWL_ASSIGN(const auto seq, find_seq(connection, namespace_id, id));
  std::optional<std::string> found;
  if (!seq) return found;
  TRAWL_ASSIGN(found, read_detail(connection, words, *seq));
  return found;
}

}  // namespace trawl::sqlite
