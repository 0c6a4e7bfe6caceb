#include "insight/replay_job_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "sqlite/migration.h"

namespace trawl {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

constexpr const char* kJobTables = R"sql(
CREATE TABLE jobs (
  job INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  namespace_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  created INTEGER NOT NULL,   -- this and the next two: microseconds since 1970, UTC
  started INTEGER,
  ended INTEGER,
  status INTEGER NOT NULL,    -- ReplayJobStatus
  executions TEXT NOT NULL,   -- the conditions, as JSON
  as_of INTEGER NOT NULL,     -- 0 then, 1 now, 2 at the time:
  time INTEGER NOT NULL,
  changes TEXT NOT NULL,      -- a JSON patch, or null
  externals INTEGER NOT NULL, -- 0 recorded, 1 live, 2 none
  record INTEGER NOT NULL,
  total INTEGER NOT NULL,
  identical INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  gone INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  results_changed INTEGER NOT NULL,
  interruptions INTEGER NOT NULL,
  error TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_by_namespace ON jobs (namespace_id, job);
CREATE INDEX jobs_unfinished ON jobs (status) WHERE status < 2;

-- The executions of a job, and what became of each.
CREATE TABLE items (
  job INTEGER NOT NULL,
  place INTEGER NOT NULL,
  execution_id TEXT NOT NULL,
  outcome INTEGER,            -- ReplayOutcome; NULL until it was run again
  stage_name TEXT,            -- this and what follows: NULL where it is as by default
  what TEXT,
  rank INTEGER,
  cause TEXT,
  results_changed INTEGER,
  overlap_at_10 REAL,
  rbo REAL,
  entered INTEGER,
  "left" INTEGER,
  moved INTEGER,
  error_type TEXT,
  message TEXT,
  replay_id TEXT,
  PRIMARY KEY (job, place)
) STRICT, WITHOUT ROWID;
)sql";

// What is stored as a number.
static_assert(static_cast<int>(ReplayRequest::AsOf::then) == 0 &&
              static_cast<int>(ReplayRequest::AsOf::now) == 1 &&
              static_cast<int>(ReplayRequest::AsOf::time) == 2 &&
              static_cast<int>(Externals::recorded) == 0 &&
              static_cast<int>(Externals::live) == 1 &&
              static_cast<int>(Externals::fail) == 2);

constexpr sqlite::MigrationStep kJobSteps[] = {{kJobTables}};

constexpr std::string_view kJobColumns =
    "id, namespace_id, key_id, created, started, ended, status, executions, as_of, time, "
    "changes, externals, record, total, identical, changed, gone, failed, "
    "results_changed, interruptions, error, job";
constexpr std::string_view kItemColumns =
    "place, execution_id, outcome, stage_name, what, rank, cause, results_changed, "
    "overlap_at_10, rbo, entered, \"left\", moved, error_type, message, replay_id";

constexpr std::size_t kPlacesMax = 10;
constexpr std::size_t kMostChangedMax = 20;

std::optional<TimeUs> time_at(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.integer(column);
}

std::size_t size_at(const Statement& row, int column) {
  return static_cast<std::size_t>(row.integer(column));
}

Result<ReplayJob> read_job(const Statement& row) {
  ReplayJob out;
  out.id = row.string(0);
  out.namespace_id = NamespaceId(row.string(1));
  out.key_id = row.string(2);
  out.created = row.integer(3);
  out.started = time_at(row, 4);
  out.ended = time_at(row, 5);
  out.status = static_cast<ReplayJobStatus>(row.integer(6));
  TRAWL_ASSIGN(json::value executions, parse_json(row.text(7), kJsonDepthMax + 16));
  if (executions.is_object()) out.executions = std::move(executions.get_object());
  out.request.as_of = static_cast<ReplayRequest::AsOf>(row.integer(8));
  out.request.time = row.integer(9);
  TRAWL_ASSIGN(out.request.set, parse_json(row.text(10), kJsonDepthMax + 16));
  out.request.externals = static_cast<Externals>(row.integer(11));
  out.record = row.integer(12) != 0;
  out.total = size_at(row, 13);
  for (std::size_t i = 0; i < kReplayOutcomes; ++i) {
    out.by_outcome[i] = size_at(row, 14 + static_cast<int>(i));
  }
  out.results_changed = size_at(row, 18);
  out.interruptions = size_at(row, 19);
  out.error = row.string(20);
  return out;
}

ReplayJobItem read_item(const Statement& row) {
  ReplayJobItem out;
  out.place = size_at(row, 0);
  out.execution_id = ExecutionId(row.string(1));
  if (row.is_null(2)) return out;
  out.outcome = static_cast<ReplayOutcome>(row.integer(2));
  out.stage_name = row.string(3);
  out.what = row.string(4);
  if (!row.is_null(5)) out.rank = size_at(row, 5);
  out.cause = row.string(6);
  out.results_changed = row.integer(7) != 0;
  if (!row.is_null(8)) out.overlap_at_10 = row.real(8);
  if (!row.is_null(9)) out.rbo = row.real(9);
  out.entered = size_at(row, 10);
  out.left = size_at(row, 11);
  out.moved = size_at(row, 12);
  out.error_type = row.string(13);
  out.message = row.string(14);
  out.replay_id = ExecutionId(row.string(15));
  return out;
}

template <class T>
std::optional<T> unless(bool is_default, T value) {
  if (is_default) return std::nullopt;
  return value;
}
std::optional<std::string> unless_empty(const std::string& text) {
  return unless(text.empty(), text);
}

}  // namespace

std::int64_t replay_jobs_schema_version() {
  return static_cast<std::int64_t>(std::size(kJobSteps));
}

Result<std::unique_ptr<ReplayJobStore>> ReplayJobStore::open(const std::string& path) {
  sqlite::OpenOptions options;
  options.owner = true;
  options.cache_kib = 2 * 1024;
  TRAWL_ASSIGN(auto connection, sqlite::Connection::open(path, options));
  TRAWL_TRY(sqlite::migrate(*connection, std::span<const sqlite::MigrationStep>(kJobSteps),
                            path));
  return std::unique_ptr<ReplayJobStore>(new ReplayJobStore(std::move(connection)));
}

Result<void> ReplayJobStore::add(const ReplayJob& job,
                                 std::span<const ExecutionId> executions) {
  const MutexLock lock(mutex_);
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  {
    TRAWL_ASSIGN(auto insert,
                 connection_->prepare(
                     "INSERT INTO jobs (id, namespace_id, key_id, created, status, "
                     "executions, as_of, time, changes, externals, record, total, "
                     "identical, changed, gone, failed, results_changed, interruptions, "
                     "error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, "
                     "'')"));
    const std::string conditions = to_json_text(job.executions);
    const std::string changes = to_json_text(job.request.set);
    TRAWL_TRY(insert
                  .bind(job.id, job.namespace_id.str(), job.key_id, job.created,
                        static_cast<int>(job.status), conditions,
                        static_cast<int>(job.request.as_of), job.request.time, changes,
                        static_cast<int>(job.request.externals), job.record, job.total)
                  .run());
  }
  const std::int64_t number = connection_->last_insert_rowid();
  TRAWL_ASSIGN(auto insert, connection_->prepare("INSERT INTO items (job, place, "
                                                 "execution_id) VALUES (?, ?, ?)"));
  for (std::size_t place = 0; place < executions.size(); ++place) {
    TRAWL_TRY(insert.bind(number, place, executions[place].str()).run());
    insert.reset();
  }
  return transaction.commit();
}

Result<void> ReplayJobStore::save(const ReplayJob& job,
                                  std::span<const ReplayJobItem> done) {
  const MutexLock lock(mutex_);
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  TRAWL_ASSIGN(const std::int64_t number, number_of(job.id));
  {
    TRAWL_ASSIGN(auto update,
                 connection_->prepare(
                     "UPDATE jobs SET started = ?, ended = ?, status = ?, identical = ?, "
                     "changed = ?, gone = ?, failed = ?, results_changed = ?, "
                     "interruptions = ?, error = ? WHERE job = ?"));
    TRAWL_TRY(update
                  .bind(job.started, job.ended, static_cast<int>(job.status),
                        job.by_outcome[0], job.by_outcome[1], job.by_outcome[2],
                        job.by_outcome[3], job.results_changed, job.interruptions,
                        job.error, number)
                  .run());
  }
  TRAWL_ASSIGN(auto update,
               connection_->prepare(
                   "UPDATE items SET outcome = ?, stage_name = ?, what = ?, rank = ?, "
                   "cause = ?, results_changed = ?, overlap_at_10 = ?, rbo = ?, entered = "
                   "?, \"left\" = ?, moved = ?, error_type = ?, message = ?, replay_id = ? "
                   "WHERE job = ? AND place = ?"));
  for (const ReplayJobItem& item : done) {
    const auto stage = unless_empty(item.stage_name);
    const auto what = unless_empty(item.what);
    const auto cause = unless_empty(item.cause);
    const auto type = unless_empty(item.error_type);
    const auto message = unless_empty(item.message);
    const auto replay = unless_empty(item.replay_id.str());
    update.bind(static_cast<int>(item.outcome.value_or(ReplayOutcome::failed)), stage, what,
                item.rank, cause, unless(!item.results_changed, true));
    update.bind(unless(item.overlap_at_10 == 1, item.overlap_at_10),
                unless(item.rbo == 1, item.rbo), unless(item.entered == 0, item.entered),
                unless(item.left == 0, item.left), unless(item.moved == 0, item.moved));
    TRAWL_TRY(update.bind(type, message, replay, number, item.place).run());
    update.reset();
  }
  return transaction.commit();
}

Result<std::vector<ReplayJob>> ReplayJobStore::select(std::string_view where,
                                                      std::string_view text) const {
  std::vector<ReplayJob> out;
  TRAWL_ASSIGN(auto rows, connection_->prepare(
                              fmt::format("SELECT {} FROM jobs {}", kJobColumns, where)));
  if (!text.empty()) rows.bind(text);
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return out;
    TRAWL_ASSIGN(ReplayJob job, read_job(rows));
    out.push_back(std::move(job));
  }
}

Result<std::vector<ReplayJob>> ReplayJobStore::list(const NamespaceId& ns) const {
  const MutexLock lock(mutex_);
  return select("WHERE namespace_id = ? ORDER BY job DESC", ns.str());
}

Result<std::optional<ReplayJob>> ReplayJobStore::find(const NamespaceId& ns,
                                                      std::string_view id) const {
  const MutexLock lock(mutex_);
  TRAWL_ASSIGN(auto found, select("WHERE id = ?", id));
  std::optional<ReplayJob> out;
  if (!found.empty() && found.front().namespace_id == ns) out = std::move(found.front());
  return out;
}

Result<std::vector<ReplayJob>> ReplayJobStore::unfinished() const {
  const MutexLock lock(mutex_);
  return select("WHERE status < 2 ORDER BY job", {});
}

Result<std::vector<NamespaceId>> ReplayJobStore::namespaces() const {
  const MutexLock lock(mutex_);
  std::vector<NamespaceId> out;
  TRAWL_ASSIGN(auto rows, connection_->prepare("SELECT DISTINCT namespace_id FROM jobs"));
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return out;
    out.emplace_back(rows.string(0));
  }
}

Result<std::int64_t> ReplayJobStore::number_of(std::string_view id) const {
  TRAWL_ASSIGN(auto select, connection_->prepare("SELECT job FROM jobs WHERE id = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(id).step());
  if (found) return select.integer(0);
  return make_error(ErrorCode::not_found, fmt::format("there is no job '{}' any more", id));
}

Result<std::vector<ReplayJobItem>> ReplayJobStore::items(std::string_view id,
                                                         const ItemRequest& request) const {
  const MutexLock lock(mutex_);
  TRAWL_ASSIGN(const std::int64_t number, number_of(id));
  std::vector<ReplayJobItem> out;
  TRAWL_ASSIGN(auto rows,
               connection_->prepare(fmt::format(
                   "SELECT {} FROM items WHERE job = ? AND place >= ?{}{} ORDER BY place",
                   kItemColumns,
                   request.pending   ? " AND outcome IS NULL"
                   : request.outcome ? fmt::format(" AND outcome = {}",
                                                   static_cast<int>(*request.outcome))
                                     : "",
                   request.results_changed ? " AND results_changed = 1" : "")));
  rows.bind(number, request.from_place);
  while (out.size() < request.limit) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) break;
    out.push_back(read_item(rows));
  }
  return out;
}

// What was not changed is like the original in everything: those come last in the order.
Result<LikenessFigures> ReplayJobStore::figures(std::int64_t job, const ReplayJob& of,
                                                std::string_view column) const {
  LikenessFigures out;
  const std::size_t changed = of.count(ReplayOutcome::changed);
  const std::size_t compared = changed + of.count(ReplayOutcome::identical);
  if (compared == 0) return out;
  {
    TRAWL_ASSIGN(auto lost, connection_->prepare(fmt::format(
                                "SELECT coalesce(sum(1 - coalesce({}, 1)), 0) FROM items "
                                "WHERE job = ? AND outcome = 1",
                                column)));
    TRAWL_TRY(lost.bind(job).step());
    out.mean = 1 - lost.real(0) / static_cast<double>(compared);
  }
  TRAWL_ASSIGN(auto at, connection_->prepare(fmt::format(
                            "SELECT coalesce({}, 1) FROM items WHERE job = ? AND outcome = "
                            "1 ORDER BY 1 LIMIT 1 OFFSET ?",
                            column)));
  const auto value_at = [&](double share) -> Result<double> {
    const auto rank =
        static_cast<std::size_t>(std::floor(share * static_cast<double>(compared - 1)));
    if (rank >= changed) return 1.0;
    at.reset();
    TRAWL_ASSIGN(const bool found, at.bind(job, rank).step());
    return found ? at.real(0) : 1.0;
  };
  TRAWL_ASSIGN(out.min, value_at(0));
  TRAWL_ASSIGN(out.p10, value_at(0.1));
  TRAWL_ASSIGN(out.median, value_at(0.5));
  return out;
}

Result<ReplayJobReport> ReplayJobStore::report(const ReplayJob& job) const {
  const MutexLock lock(mutex_);
  TRAWL_ASSIGN(const std::int64_t number, number_of(job.id));
  ReplayJobReport out;
  TRAWL_ASSIGN(out.overlap_at_10, figures(number, job, "overlap_at_10"));
  TRAWL_ASSIGN(out.rbo, figures(number, job, "rbo"));
  const auto each = [&](std::string_view sql,
                        const std::function<void(const Statement&)>& take) -> Result<void> {
    mutex_.assert_held();
    TRAWL_ASSIGN(auto rows, connection_->prepare(sql));
    rows.bind(number);
    while (true) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) return {};
      take(rows);
    }
  };
  TRAWL_TRY(
      each("SELECT cause, count(*) FROM items WHERE job = ? AND outcome = 1 GROUP BY "
           "cause ORDER BY count(*) DESC, cause",
           [&](const Statement& row) {
             out.causes.emplace_back(row.string(0), size_at(row, 1));
           }));
  TRAWL_TRY(
      each(fmt::format("SELECT coalesce(stage_name, ''), what, count(*) FROM items "
                       "WHERE job = ? AND outcome = 1 GROUP BY 1, 2 ORDER BY count(*) "
                       "DESC, 1, 2 LIMIT {}",
                       kPlacesMax),
           [&](const Statement& row) {
             out.places.push_back({row.string(0), row.string(1), size_at(row, 2)});
           }));
  TRAWL_TRY(
      each("SELECT error_type, min(message), count(*) FROM items WHERE job = ? AND "
           "outcome >= 2 GROUP BY error_type ORDER BY count(*) DESC, error_type",
           [&](const Statement& row) {
             out.problems.push_back({row.string(0), row.string(1), size_at(row, 2)});
           }));
  TRAWL_TRY(
      each(fmt::format("SELECT {} FROM items WHERE job = ? AND results_changed = 1 "
                       "ORDER BY coalesce(rbo, 1) + coalesce(overlap_at_10, 1), place "
                       "LIMIT {}",
                       kItemColumns, kMostChangedMax),
           [&](const Statement& row) { out.most_changed.push_back(read_item(row)); }));
  return out;
}

Result<void> ReplayJobStore::remove_jobs(std::string_view where, std::string_view text) {
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  for (const std::string_view table : {"items", "jobs"}) {
    TRAWL_ASSIGN(auto remove, connection_->prepare(fmt::format(
                                  "DELETE FROM {} WHERE job IN (SELECT job FROM jobs {})",
                                  table, where)));
    TRAWL_TRY(remove.bind(text).run());
  }
  return transaction.commit();
}

Result<void> ReplayJobStore::remove(const NamespaceId& ns, std::string_view id) {
  const MutexLock lock(mutex_);
  TRAWL_ASSIGN(const auto found, select("WHERE id = ?", id));
  if (found.empty() || found.front().namespace_id != ns) return {};
  return remove_jobs("WHERE id = ?", id);
}

Result<void> ReplayJobStore::remove_namespace(const NamespaceId& ns) {
  const MutexLock lock(mutex_);
  return remove_jobs("WHERE namespace_id = ?", ns.str());
}

Result<void> ReplayJobStore::try_write() {
  const MutexLock lock(mutex_);
  return connection_->try_write();
}

Result<void> ReplayJobStore::keep_newest(const NamespaceId& ns, std::size_t count) {
  const MutexLock lock(mutex_);
  return remove_jobs(fmt::format("WHERE namespace_id = ? AND status >= 2 ORDER BY job DESC "
                                 "LIMIT -1 OFFSET {}",
                                 count),
                     ns.str());
}

}  // namespace trawl
