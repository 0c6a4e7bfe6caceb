#include "ledger/sqlite/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/work_limit.h"
#include "ledger/execution_id_key.h"
#include "ledger/ledger_rules.h"
#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/rows.h"
#include "ledger/sqlite/search.h"

namespace trawl::sqlite {
namespace {

// How long a scan looks for matches before it asks whether it is still wanted.
constexpr std::int64_t kScanStepUs = 200'000;

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

// The shapes of a walk down an index. A row value as the upper bound leads straight to the
// place of the cursor, even among many equal timestamps. `keys` reads the index alone, so
// that skipping an offset reads no rows.
enum class Columns { keys, rows };
const std::string& walk_sql(bool any_status, bool after, Columns columns) {
  static const std::array<std::string, 8> kTexts = [] {
    std::array<std::string, 8> texts;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      texts[i] = fmt::format(
          "SELECT {} FROM executions INDEXED BY {} WHERE ns = ?1 {} AND ts >= ?3 AND {} "
          "ORDER BY ts DESC, id DESC LIMIT ?6 OFFSET ?7",
          (i & 4) != 0 ? fmt::format("seq, {}", RowReader::kColumns) : "seq, ts, id",
          (i & 1) != 0 ? "executions_by_time" : "executions_by_status",
          (i & 1) != 0 ? "" : "AND status = ?2",
          (i & 2) != 0 ? "(ts, id) < (?4, ?5)" : "ts <= ?4");
    }
    return texts;
  }();
  return kTexts[(any_status ? 1 : 0) + (after ? 2 : 0) +
                (columns == Columns::rows ? 4 : 0)];
}

// Newest first, from the index that the range names. `visit` is called at each row, whose
// first columns are seq, ts and id, and returns whether to go on.
Result<void> walk(Connection& connection, const Range& range, Columns columns,
                  const std::optional<ExecutionKey>& cursor, std::int64_t limit,
                  std::int64_t offset,
                  const std::function<Result<bool>(const Statement& row)>& visit) {
  // A key past the end of the range has the whole range behind it.
  const bool after = cursor && cursor->timestamp <= range.end;
  TRAWL_ASSIGN(auto keys,
               connection.prepare(walk_sql(range.status == kAnyStatus, after, columns)));
  std::string after_id;
  if (after && !cursor->execution_id.empty()) {
    after_id = execution_id_key(cursor->execution_id);
  }
  keys.bind(range.ns, range.status, range.start, after ? cursor->timestamp : range.end);
  keys.bind_blob(after_id).bind(limit, offset);
  while (true) {
    TRAWL_ASSIGN(const bool found, keys.step());
    if (!found) return {};
    TRAWL_ASSIGN(const bool go_on, visit(keys));
    if (!go_on) return {};
  }
}

Result<void> read_basic_page(Connection& connection, Words& words, const Range& range,
                             const ExecutionPageRequest& page, ExecutionPage& out) {
  constexpr std::size_t kRowBytes = 420;  // About what one takes.
  out.rows.reserve(page.limit * kRowBytes);
  std::string last_id;
  TRAWL_ASSIGN(auto rows, RowReader::make(connection, words));
  const Columns columns = page.offset == 0 ? Columns::rows : Columns::keys;
  const auto visit = [&](const Statement& row) -> Result<bool> {
    if (out.row_count == page.limit) {
      out.has_more = true;
      return false;
    }
    if (out.row_count++ > 0) out.rows.push_back(',');
    TRAWL_TRY(columns == Columns::rows ? rows.append(row, 1, out.rows)
                                       : rows.append(row.integer(0), out.rows));
    last_id.assign(row.text(2));
    out.last.emplace().timestamp = row.integer(1);
    return true;
  };
  // One row more than asked for tells whether the list goes on.
  TRAWL_TRY(walk(connection, range, columns, page.after, std::int64_t{page.limit} + 1,
                 page.offset, visit));
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
  TRAWL_ASSIGN(auto rows, RowReader::make(connection, words));
  const auto visit_row = [&](std::int64_t seq, TimeUs timestamp,
                             std::string_view id) -> Result<bool> {
    count_work(500);  // About what a look into the table costs.
    ScannedExecution scanned;
    scanned.key = {timestamp, ExecutionId(execution_id_text(id))};
    if (request.detail) {
      TRAWL_ASSIGN(scanned.json, read_detail(connection, words, seq));
    } else {
      TRAWL_TRY(rows.append(seq, scanned.json));
    }
    TRAWL_ASSIGN(go_on, visit(scanned));
    return go_on;
  };
  if (filter.is_basic()) {
    TRAWL_ASSIGN(const auto range, range_of(connection, filter));
    if (!range) return {};
    return walk(connection, *range, Columns::keys, request.after, -1, 0,
                [&](const Statement& row) {
                  return visit_row(row.integer(0), row.integer(1), row.text(2));
                });
  }
  ExecutionPageRequest next;
  next.limit = kExecutionLimitMax;
  next.after = request.after;
  next.budget_us = kScanStepUs;
  while (go_on) {
    if (request.cancelled && request.cancelled()) {
      return make_error(ErrorCode::cancelled, "the scan was given up");
    }
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

Result<std::vector<ExecutionKey>> running_executions(Connection& connection,
                                                     const NamespaceId& namespace_id) {
  std::vector<ExecutionKey> keys;
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT ts, id FROM executions INDEXED BY "
                                  "executions_running WHERE running = 1 AND ns = (SELECT "
                                  "ns FROM namespaces WHERE id = ?)"));
  rows.bind(namespace_id.str());
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return keys;
    keys.push_back({rows.integer(0), ExecutionId(execution_id_text(rows.text(1)))});
  }
}

Result<std::vector<NamespaceId>> recorded_namespaces(Connection& connection) {
  std::vector<NamespaceId> ids;
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT n.id FROM namespaces n JOIN rollups r ON "
                                  "r.ns = n.ns AND r.status = 0 AND r.unit = 0 AND "
                                  "r.bucket = 0 WHERE r.count > 0 ORDER BY n.ns"));
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return ids;
    ids.emplace_back(rows.string(0));
  }
}

}  // namespace trawl::sqlite
