#include "ledger/sqlite/reader.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "ledger/ledger_rules.h"
#include "ledger/sqlite/rollups.h"
#include "model/execution_json.h"

namespace trawl::sqlite {
namespace {

Result<std::optional<std::int64_t>> look_up(Connection& connection, std::string_view sql,
                                            std::string_view text) {
  TRAWL_ASSIGN(auto statement, connection.prepare(sql));
  TRAWL_ASSIGN(const bool found, statement.bind(text).step());
  std::optional<std::int64_t> number;
  if (found) number = statement.integer(0);
  return number;
}

// What a filter means in numbers. The end is included.
struct Range {
  std::int64_t ns = 0;
  std::int64_t status = kAnyStatus;
  TimeUs start = kTimeMin;
  TimeUs end = kTimeMax;
};

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

Result<void> read_rows(Connection& connection, const Range& range,
                       const ExecutionPageRequest& page, ExecutionPage& out) {
  // A key past the end of the range has the whole range behind it.
  const bool after = page.after && page.after->timestamp <= range.end;
  const bool any_status = range.status == kAnyStatus;
  TRAWL_ASSIGN(auto keys, connection.prepare(
                              any_status ? (after ? kWalkByTimeAfter : kWalkByTime)
                                         : (after ? kWalkByStatusAfter : kWalkByStatus)));
  keys.bind(range.ns, range.status, range.start, after ? page.after->timestamp : range.end,
            after ? std::string_view(page.after->execution_id.str()) : std::string_view());
  // One key more than asked for tells whether the list goes on.
  keys.bind(std::uint32_t{page.limit + 1}, page.offset);
  TRAWL_ASSIGN(auto rows, connection.prepare("SELECT row FROM executions WHERE seq = ?"));
  while (true) {
    TRAWL_ASSIGN(const bool found, keys.step());
    if (!found) return {};
    if (out.row_count == page.limit) {
      out.has_more = true;
      return {};
    }
    TRAWL_ASSIGN(const bool row, rows.bind(keys.integer(0)).step());
    if (!row) {
      return make_error(ErrorCode::storage, "the stored data is damaged",
                        "an index of executions names a row that is not there");
    }
    if (out.row_count++ > 0) out.rows.push_back(',');
    out.rows += rows.text(0);
    rows.reset();
    out.last.emplace(ExecutionKey{keys.integer(1), ExecutionId(keys.string(2))});
  }
}

// Fills the page; leaves it empty where the filter names what never was.
Result<void> read_page(Connection& connection, const ExecutionFilter& filter,
                       const ExecutionPageRequest& page, ExecutionPage& out) {
  Range range;
  TRAWL_ASSIGN(const auto ns, look_up(connection, "SELECT ns FROM namespaces WHERE id = ?",
                                      filter.namespace_id.str()));
  if (!ns) return {};
  range.ns = *ns;
  if (filter.status) {
    TRAWL_ASSIGN(
        const auto status,
        look_up(connection, "SELECT status FROM statuses WHERE word = ?", *filter.status));
    if (!status) return {};
    range.status = *status;
  }
  range.start = std::max(filter.start_time.value_or(kTimeMin), kTimeMin);
  range.end = std::min(filter.end_time.value_or(kTimeMax), kTimeMax);
  if (range.start > range.end) return {};
  TRAWL_ASSIGN(out.total, count_executions(connection, range.ns, range.status, range.start,
                                           range.end));
  if (out.total == 0) return {};
  return read_rows(connection, range, page, out);
}

constexpr std::string_view kFind =
    "SELECT e.row, e.failed_stage, e.caller_key_id, e.request_id, e.inputs_hash, "
    "d.fingerprint, d.shape, d.pipeline, "
    "t.inputs, t.stages, t.results, t.collection_versions, t.labels, t.error, t.client, "
    "t.trace_id "
    "FROM namespaces n JOIN executions e ON e.ns = n.ns AND e.id = ?2 "
    "JOIN details t ON t.seq = e.seq "
    "LEFT JOIN definitions d ON d.definition = e.definition WHERE n.id = ?1";

}  // namespace

Result<ExecutionSummary> parse_stored_row(std::string_view row) {
  TRAWL_ASSIGN(const json::value value, parse_json(row));
  TRAWL_ASSIGN(Execution execution, parse_execution(value));
  return std::move(execution.summary);
}

Result<ExecutionPage> list_executions(Connection& connection, const ExecutionFilter& filter,
                                      const ExecutionPageRequest& page) {
  TRAWL_TRY(check_page(page));
  ExecutionPage out;
  TRAWL_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Kind::read));
  TRAWL_TRY(read_page(connection, filter, page, out));
  TRAWL_TRY(transaction.commit());
  return out;
}

Result<void> scan_executions(Connection& connection, const ExecutionFilter& filter,
                             const ScanRequest& request, const ScanVisitor& visit) {
  TRAWL_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Kind::read));
  ExecutionPageRequest next;
  next.limit = kExecutionLimitMax;
  next.after = request.after;
  while (true) {
    ExecutionPage page;
    TRAWL_TRY(read_page(connection, filter, next, page));
    TRAWL_ASSIGN(const json::value rows, parse_json("[" + page.rows + "]"));
    for (const auto& row : rows.get_array()) {
      TRAWL_ASSIGN(const Execution parsed, parse_execution(row));
      ScannedExecution scanned{execution_key(parsed.summary, ExecutionSort::timestamp),
                               execution_row_json(parsed.summary)};
      if (request.detail || !filter.is_basic()) {
        TRAWL_ASSIGN(const auto whole, find_execution(connection, filter.namespace_id,
                                                      parsed.summary.execution_id));
        if (!matches(filter, *whole)) continue;
        if (request.detail) scanned.json = execution_detail_json(*whole);
      }
      TRAWL_ASSIGN(const bool go_on, visit(scanned));
      if (!go_on) return {};
    }
    if (!page.has_more) return {};
    next.after = page.last;
  }
}

Result<std::optional<Execution>> find_execution(Connection& connection,
                                                const NamespaceId& namespace_id,
                                                const ExecutionId& id) {
  TRAWL_ASSIGN(auto row, connection.prepare(kFind));
  TRAWL_ASSIGN(const bool found, row.bind(namespace_id.str(), id.str()).step());
  if (!found) return std::optional<Execution>();
  Execution execution;
  execution.namespace_id = namespace_id;
  TRAWL_ASSIGN(execution.summary, parse_stored_row(row.text(0)));
  execution.failed_stage = row.optional_string(1);
  execution.caller_key_id = row.string(2);
  execution.request_id = row.string(3);
  execution.inputs_hash = row.optional_string(4);
  execution.fingerprint = row.string(5);
  execution.shape = row.string(6);
  execution.pipeline = row.string(7);
  execution.inputs = row.optional_string(8);
  TRAWL_ASSIGN(execution.stages, parse_stages(row.text(9)));
  if (!row.is_null(10)) {
    TRAWL_ASSIGN(execution.results, parse_scored_ids(row.text(10)));
  } else if (!execution.stages.empty()) {
    execution.results = execution.stages.back().candidates;
  }
  TRAWL_ASSIGN(execution.collection_versions, parse_collection_versions(row.text(11)));
  TRAWL_ASSIGN(execution.labels, parse_labels(row.text(12)));
  execution.error = row.optional_string(13);
  execution.client = row.string(14);
  execution.trace_id = row.string(15);
  return std::optional<Execution>(std::move(execution));
}

}  // namespace trawl::sqlite
