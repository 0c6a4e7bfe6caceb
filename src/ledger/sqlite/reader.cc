#include "ledger/sqlite/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/work_limit.h"
#include "ledger/execution_id_key.h"
#include "ledger/ledger_rules.h"
#include "ledger/sqlite/contents.h"
#include "ledger/sqlite/modes.h"
#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/rows.h"
#include "ledger/sqlite/search.h"

namespace trawl::sqlite {
namespace {

// How long a scan looks for matches before it asks whether it is still wanted.
constexpr std::int64_t kScanStepUs = 200'000;

// Rows that a page passes over because of their mode, before row groups are quicker.
constexpr std::size_t kPassedOverMax = 2'000;

// What a basic filter means in numbers. The end is included.
struct Range {
  std::int64_t ns = 0;
  bool descended = false;  // Something in it may descend from another execution.
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
    TRAWL_ASSIGN(auto select,
                 connection.prepare("SELECT ns, descended FROM namespaces WHERE id = ?"));
    TRAWL_ASSIGN(const bool found, select.bind(filter.namespace_id.str()).step());
    if (!found) return none;
    range.ns = select.integer(0);
    range.descended = select.integer(1) != 0;
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

// False where too many rows have another mode; then `out` is as it was.
Result<bool> read_basic_page(Connection& connection, Words& words, const Range& range,
                             const ModeWords& modes, const ExecutionPageRequest& page,
                             RenderedPage& out) {
  constexpr std::size_t kRowBytes = 420;  // About what one takes.
  out.rows.reserve(page.limit * kRowBytes);
  std::string last_id;
  TRAWL_ASSIGN(auto rows, RowReader::make(connection, words));
  // Where only some modes are wanted, each row is looked at, and no limit is known.
  const bool all = modes.takes_all();
  const Columns columns =
      all && (page.offset > 0 || page.detail) ? Columns::keys : Columns::rows;
  constexpr int kModeColumn = 4;  // Behind seq, of RowReader::kColumns.
  std::size_t skipped = 0;
  std::size_t passed_over = 0;
  const auto visit = [&](const Statement& row) -> Result<bool> {
    if (!all) {
      if (!modes.takes(row.integer(kModeColumn))) return ++passed_over <= kPassedOverMax;
      if (skipped < page.offset) {
        ++skipped;
        return true;
      }
    }
    if (out.row_count == page.limit) {
      out.has_more = true;
      return false;
    }
    if (out.row_count++ > 0) out.rows.push_back(',');
    if (page.detail) {
      TRAWL_ASSIGN(const std::string detail,
                   read_detail(connection, words, row.integer(0)));
      out.rows += detail;
    } else {
      TRAWL_TRY(columns == Columns::rows ? rows.append(row, 1, out.rows)
                                         : rows.append(row.integer(0), out.rows));
    }
    last_id.assign(row.text(2));
    out.last.emplace().timestamp = row.integer(1);
    return true;
  };
  // One row more than asked for tells whether the list continues.
  TRAWL_TRY(walk(connection, range, columns, page.after,
                 all ? std::int64_t{page.limit} + 1 : -1, all ? page.offset : 0, visit));
  if (passed_over > kPassedOverMax) {
    out.rows.clear();
    out.row_count = 0;
    out.last.reset();
    return false;
  }
  if (out.last) out.last->execution_id = ExecutionId(execution_id_text(last_id));
  return true;
}

}  // namespace

Result<RenderedPage> list_executions(Connection& connection, Words& words,
                                     const ExecutionFilter& filter,
                                     const ExecutionPageRequest& page) {
  TRAWL_TRY(check_page(page));
  RenderedPage out;
  TRAWL_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Kind::read));
  if (filter.is_basic()) {
    TRAWL_ASSIGN(const auto range, range_of(connection, filter));
    if (!range) return out;
    TRAWL_ASSIGN(out.total,
                 count_executions(connection, range->ns, filter.modes, range->descended,
                                  range->status, range->start, range->end));
    if (out.total == 0) return out;
    bool done = false;
    if (page.sort == ExecutionSort::timestamp && !page.ascending) {
      TRAWL_ASSIGN(const ModeWords modes,
                   mode_words(connection, filter.modes, range->descended));
      TRAWL_ASSIGN(done, read_basic_page(connection, words, *range, modes, page, out));
    }
    if (!done) TRAWL_TRY(search_page(connection, words, filter, page, false, out));
  } else {
    TRAWL_TRY(search_page(connection, words, filter, page, true, out));
  }
  TRAWL_TRY(transaction.commit());
  return out;
}

namespace {

// What a scan reads at a time. Anyone who takes it may be slow, and meanwhile no state of
// the database is held, since that would keep the log from being emptied.
constexpr std::size_t kBatchRows = 1000;
constexpr std::size_t kBatchBytes = 2 * 1024 * 1024;

// Reads a scan one batch after the other, each in a transaction of its own.
class Scan {
 public:
  Scan(Connection& connection, Words& words, const ExecutionFilter& filter,
       const ScanRequest& request)
      : connection_(connection),
        words_(words),
        filter_(filter),
        request_(request),
        after_(request.after) {}

  // Whether there may be more.
  Result<bool> read(std::vector<RenderedExecution>& batch) {
    TRAWL_ASSIGN(auto transaction,
                 Transaction::begin(connection_, Transaction::Kind::read));
    if (!newest_) {
      // What is recorded from now on does not belong to it.
      TRAWL_ASSIGN(newest_, connection_.integer("SELECT max(seq) FROM executions"));
    }
    batch.clear();
    bytes_ = 0;
    TRAWL_ASSIGN(const bool more, filter_.is_basic() ? walk_some(batch) : search(batch));
    TRAWL_TRY(transaction.commit());
    return more;
  }

 private:
  bool is_full(const std::vector<RenderedExecution>& batch) const {
    return batch.size() >= kBatchRows || bytes_ >= kBatchBytes;
  }

  Result<void> take(RowReader& rows, std::int64_t seq, TimeUs timestamp,
                    std::string_view id, std::vector<RenderedExecution>& batch) {
    after_ = ExecutionKey{timestamp, ExecutionId(execution_id_text(id))};
    if (seq > *newest_) return {};
    count_work(500);  // About what a look into the table costs.
    RenderedExecution scanned;
    scanned.key = *after_;
    if (request_.detail) {
      TRAWL_ASSIGN(scanned.json, read_detail(connection_, words_, seq));
    } else {
      TRAWL_TRY(rows.append(seq, scanned.json));
    }
    bytes_ += scanned.json.size();
    batch.push_back(std::move(scanned));
    return {};
  }

  Result<bool> walk_some(std::vector<RenderedExecution>& batch) {
    TRAWL_ASSIGN(const auto range, range_of(connection_, filter_));
    if (!range) return false;
    TRAWL_ASSIGN(const ModeWords modes,
                 mode_words(connection_, filter_.modes, range->descended));
    if (modes.takes_none()) return false;
    if (!modes.takes_all()) return search(batch);
    TRAWL_ASSIGN(auto rows, RowReader::make(connection_, words_));
    bool more = false;
    std::size_t seen = 0;
    const auto take_one = [&](const Statement& row) -> Result<bool> {
      more = is_full(batch) || ++seen > kWalkRows;
      if (more) return false;
      TRAWL_TRY(take(rows, row.integer(0), row.integer(1), row.text(2), batch));
      return true;
    };
    TRAWL_TRY(walk(connection_, *range, Columns::keys, after_, -1, 0, take_one));
    return more;
  }

  Result<bool> search(std::vector<RenderedExecution>& batch) {
    ExecutionPageRequest next;
    next.limit = kBatchRows;
    next.after = after_;
    next.budget_us = step_us_;
    RenderedPage page;
    const auto found = search_keys(connection_, words_, filter_, next, page);
    if (!found && found.error().code == ErrorCode::timeout && step_us_ < kLongestStepUs) {
      // One record alone took longer. The caller looks whether it is still wanted.
      step_us_ *= 4;
      return true;
    }
    TRAWL_ASSIGN(const auto matches, found);
    step_us_ = kScanStepUs;
    TRAWL_ASSIGN(auto rows, RowReader::make(connection_, words_));
    for (const auto& match : matches) {
      if (is_full(batch)) return true;
      TRAWL_TRY(take(rows, match.seq, match.timestamp, match.id, batch));
    }
    if (page.last) after_ = page.last;
    return page.has_more;
  }

  static constexpr std::int64_t kLongestStepUs = 10'000'000;
  // Rows that are passed over, because they are newer, make no batch full.
  static constexpr std::size_t kWalkRows = 10 * kBatchRows;

  Connection& connection_;
  Words& words_;
  const ExecutionFilter& filter_;
  const ScanRequest& request_;
  std::optional<ExecutionKey> after_;
  std::optional<std::int64_t> newest_;
  std::int64_t step_us_ = kScanStepUs;  // As long as it holds the log.
  std::size_t bytes_ = 0;
};

}  // namespace

Result<void> scan_executions(Connection& connection, Words& words,
                             const ExecutionFilter& filter, const ScanRequest& request,
                             const RenderedVisitor& visit) {
  Scan scan(connection, words, filter, request);
  std::vector<RenderedExecution> batch;
  for (bool more = true; more;) {
    if (request.cancelled && request.cancelled()) {
      return make_error(ErrorCode::cancelled, "the scan was abandoned");
    }
    TRAWL_ASSIGN(more, scan.read(batch));
    for (const RenderedExecution& scanned : batch) {
      TRAWL_ASSIGN(const bool go_on, visit(scanned));
      if (!go_on) return {};
    }
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

Result<std::vector<Content>> execution_contents(Connection& connection,
                                                const NamespaceId& namespace_id,
                                                const ExecutionId& id) {
  TRAWL_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Kind::read));
  TRAWL_ASSIGN(const auto seq, find_seq(connection, namespace_id, id));
  if (!seq) return std::vector<Content>();
  return read_answers(connection, *seq);
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

Result<std::vector<RunningExecution>> running_executions(Connection& connection,
                                                         const NamespaceId& namespace_id) {
  std::vector<RunningExecution> running;
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT ts, id FROM executions INDEXED BY "
                                  "executions_running WHERE running = 1 AND ns = (SELECT "
                                  "ns FROM namespaces WHERE id = ?)"));
  rows.bind(namespace_id.str());
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return running;
    running.push_back({{rows.integer(0), ExecutionId(execution_id_text(rows.text(1)))}});
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
