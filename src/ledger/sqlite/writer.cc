#include "ledger/sqlite/writer.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/hash.h"
#include "ledger/ledger_rules.h"
#include "ledger/sqlite/reader.h"
#include "model/execution_json.h"

namespace trawl::sqlite {
namespace {

// While readers keep a long log from being emptied, it is tried again each 32 MiB.
constexpr std::int64_t kLogPagesStep = 4 * 1024;

// Many pipelines repeat; those that do not must not fill the memory.
constexpr std::size_t kDefinitionsKnownMax = 10'000;

// How many rows of a removed namespace one transaction deletes, so that a commit never
// waits long behind it.
constexpr std::int64_t kPurgeRows = 500;

double finite(double number) {
  return std::isfinite(number) ? number : 0;
}

std::int64_t micros(double millis) {
  constexpr double kMillisMax = 9e12;
  return std::llround(std::clamp(finite(millis), 0.0, kMillisMax) * 1000.0);
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, std::int64_t log_pages_max)
    : connection_(std::move(connection)),
      log_pages_max_(log_pages_max),
      log_pages_allowed_(log_pages_max) {
  // Replaces the automatic checkpoint, which would make every thousandth commit slow:
  // checkpoints run in maintain(), and here only when those do not keep up.
  sqlite3_wal_hook(
      connection_->handle(),
      [](void* writer, sqlite3*, const char*, int pages) {
        static_cast<Writer*>(writer)->log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
}

Result<std::vector<bool>> Writer::commit(std::span<const LedgerWrite> writes) {
  auto changed = apply_all(writes);
  if (!changed) {
    forget_numbers();
  } else {
    bound_log();
  }
  return changed;
}

Result<std::vector<bool>> Writer::apply_all(std::span<const LedgerWrite> writes) {
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  std::vector<bool> changed;
  changed.reserve(writes.size());
  RollupChanges rollups;
  for (const LedgerWrite& write : writes) {
    TRAWL_ASSIGN(const bool applied, apply(write, rollups));
    changed.push_back(applied);
  }
  TRAWL_TRY(rollups.apply(*connection_));
  TRAWL_TRY(transaction.commit());
  return changed;
}

Result<bool> Writer::apply(const LedgerWrite& write, RollupChanges& rollups) {
  const Execution& execution = write.execution;
  TRAWL_ASSIGN(const std::int64_t ns, namespace_number(execution.namespace_id));
  TRAWL_ASSIGN(const auto existing, find_existing(ns, execution.summary.execution_id));
  if (existing && !(write.kind == LedgerWrite::Kind::finished && existing->running)) {
    return false;
  }
  TRAWL_ASSIGN(const std::int64_t status,
               status_number(write.kind == LedgerWrite::Kind::started
                                 ? status::kProcessing
                                 : std::string_view(execution.summary.status)));
  TRAWL_ASSIGN(const std::int64_t seq, put_row(existing, ns, status, write));
  TRAWL_TRY(put_details(seq, execution));
  if (existing) rollups.add(ns, existing->status, existing->timestamp, -1);
  rollups.add(ns, status, execution.summary.timestamp, 1);
  return true;
}

Result<std::optional<Writer::Existing>> Writer::find_existing(std::int64_t ns,
                                                              const ExecutionId& id) {
  TRAWL_ASSIGN(auto select,
               connection_->prepare("SELECT seq, status, ts, running FROM executions "
                                    "INDEXED BY executions_by_id WHERE ns = ? AND id = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(ns, id.str()).step());
  std::optional<Existing> existing;
  if (found) {
    existing = Existing{select.integer(0), select.integer(1), select.integer(2),
                        select.integer(3) != 0};
  }
  return existing;
}

Result<std::int64_t> Writer::put_row(const std::optional<Existing>& existing,
                                     std::int64_t ns, std::int64_t status,
                                     const LedgerWrite& write) {
  const Execution& execution = write.execution;
  const ExecutionSummary& summary = execution.summary;
  TRAWL_ASSIGN(const auto definition, definition_number(ns, execution));
  const bool running = write.kind == LedgerWrite::Kind::started;
  std::string row;
  if (running && summary.status != status::kProcessing) {
    ExecutionSummary processing = summary;
    processing.status = status::kProcessing;
    row = execution_row_json(processing);
  } else {
    row = execution_row_json(summary);
  }
  const auto bind_values = [&](Statement& statement) {
    statement.bind(status, running, micros(summary.duration_ms),
                   finite(summary.credits_used), summary.total_processed,
                   summary.total_returned, summary.cache_hit_rate, execution.failed_stage,
                   execution.caller_key_id, execution.request_id, execution.inputs_hash,
                   definition, row);
  };
  if (!existing) {
    TRAWL_ASSIGN(auto insert,
                 connection_->prepare(
                     "INSERT INTO executions (status, running, duration_us, credits_used, "
                     "total_processed, total_returned, cache_hit_rate, failed_stage, "
                     "caller_key_id, request_id, inputs_hash, definition, row, ns, ts, id) "
                     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    bind_values(insert);
    TRAWL_TRY(insert.bind(ns, summary.timestamp, summary.execution_id.str()).run());
    return connection_->last_insert_rowid();
  }
  TRAWL_ASSIGN(auto update,
               connection_->prepare(
                   "UPDATE executions SET status = ?, running = ?, duration_us = ?, "
                   "credits_used = ?, total_processed = ?, total_returned = ?, "
                   "cache_hit_rate = ?, failed_stage = ?, caller_key_id = ?, "
                   "request_id = ?, inputs_hash = ?, definition = ?, row = ? "
                   "WHERE seq = ?"));
  bind_values(update);
  TRAWL_TRY(update.bind(existing->seq).run());
  // Apart, because naming ts above would rewrite an index entry that hardly ever moves.
  if (existing->timestamp != summary.timestamp) {
    TRAWL_ASSIGN(auto move,
                 connection_->prepare("UPDATE executions SET ts = ? WHERE seq = ?"));
    TRAWL_TRY(move.bind(summary.timestamp, existing->seq).run());
  }
  return existing->seq;
}

Result<void> Writer::put_details(std::int64_t seq, const Execution& execution) {
  const std::string stages = stages_json(execution.stages);
  // As a rule the results are what the last stage handed on, and need no second copy.
  std::optional<std::string> results;
  if (execution.stages.empty() || execution.stages.back().candidates != execution.results) {
    results = scored_ids_json(execution.results);
  }
  const std::string versions = collection_versions_json(execution.collection_versions);
  const std::string labels = labels_json(execution.labels);
  TRAWL_ASSIGN(
      auto put,
      connection_->prepare("INSERT OR REPLACE INTO details (seq, inputs, stages, results, "
                           "collection_versions, labels, error, client, trace_id) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return put
      .bind(seq, execution.inputs, stages, results, versions, labels, execution.error,
            execution.client, execution.trace_id)
      .run();
}

Result<std::uint64_t> Writer::recover() {
  struct Row {
    Existing at;
    std::int64_t ns = 0;
    std::string json;
  };
  std::vector<Row> rows;
  RollupChanges rollups;
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  {
    TRAWL_ASSIGN(auto select,
                 connection_->prepare("SELECT seq, status, ts, ns, row FROM executions "
                                      "INDEXED BY executions_running WHERE running = 1 "
                                      "AND ns NOT IN (SELECT ns FROM removed)"));
    while (true) {
      TRAWL_ASSIGN(const bool found, select.step());
      if (!found) break;
      rows.push_back({{select.integer(0), select.integer(1), select.integer(2), true},
                      select.integer(3),
                      select.string(4)});
    }
  }
  if (rows.empty()) return 0;
  const auto failed = status_number(status::kFailed);
  // Whatever follows may roll the number back; it is looked up again when it is needed.
  forget_numbers();
  if (!failed) return failed.error();
  for (const Row& row : rows) {
    TRAWL_ASSIGN(ExecutionSummary summary, parse_stored_row(row.json));
    summary.status = status::kFailed;
    const std::string json = execution_row_json(summary);
    TRAWL_ASSIGN(auto update,
                 connection_->prepare("UPDATE executions SET status = ?, running = 0, "
                                      "row = ? WHERE seq = ?"));
    TRAWL_TRY(update.bind(*failed, json, row.at.seq).run());
    TRAWL_ASSIGN(auto explain,
                 connection_->prepare("UPDATE details SET error = ? WHERE seq = ?"));
    TRAWL_TRY(explain.bind(kInterrupted, row.at.seq).run());
    rollups.add(row.ns, row.at.status, row.at.timestamp, -1);
    rollups.add(row.ns, *failed, row.at.timestamp, 1);
  }
  TRAWL_TRY(rollups.apply(*connection_));
  TRAWL_TRY(transaction.commit());
  return rows.size();
}

Result<void> Writer::remove_namespace(const NamespaceId& namespace_id) {
  forget_numbers();
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  TRAWL_ASSIGN(auto note, connection_->prepare("INSERT INTO removed (ns) SELECT ns FROM "
                                               "namespaces WHERE id = ?"));
  TRAWL_TRY(note.bind(namespace_id.str()).run());
  TRAWL_ASSIGN(auto remove, connection_->prepare("DELETE FROM namespaces WHERE id = ?"));
  TRAWL_TRY(remove.bind(namespace_id.str()).run());
  return transaction.commit();
}

Result<bool> Writer::purge_some() {
  TRAWL_ASSIGN(const std::int64_t ns,
               connection_->integer("SELECT coalesce(min(ns), 0) FROM removed"));
  if (ns == 0) return false;
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  std::vector<std::int64_t> rows;
  {
    TRAWL_ASSIGN(auto select, connection_->prepare(
                                  "SELECT seq FROM executions "
                                  "INDEXED BY executions_by_time WHERE ns = ? LIMIT ?"));
    select.bind(ns, kPurgeRows);
    while (true) {
      TRAWL_ASSIGN(const bool found, select.step());
      if (!found) break;
      rows.push_back(select.integer(0));
    }
  }
  for (const std::int64_t seq : rows) {
    TRAWL_ASSIGN(auto details, connection_->prepare("DELETE FROM details WHERE seq = ?"));
    TRAWL_TRY(details.bind(seq).run());
    TRAWL_ASSIGN(auto row, connection_->prepare("DELETE FROM executions WHERE seq = ?"));
    TRAWL_TRY(row.bind(seq).run());
  }
  if (rows.empty()) {
    for (const std::string_view sql :
         {"DELETE FROM rollups WHERE ns = ?", "DELETE FROM definitions WHERE ns = ?",
          "DELETE FROM removed WHERE ns = ?"}) {
      TRAWL_ASSIGN(auto remove, connection_->prepare(sql));
      TRAWL_TRY(remove.bind(ns).run());
    }
  }
  TRAWL_TRY(transaction.commit());
  bound_log();
  return true;
}

Result<std::int64_t> Writer::intern(std::unordered_map<std::string, std::int64_t>& known,
                                    const std::string& text, std::string_view select,
                                    std::string_view insert) {
  if (const auto found = known.find(text); found != known.end()) return found->second;
  std::int64_t number = 0;
  {
    TRAWL_ASSIGN(auto look, connection_->prepare(select));
    TRAWL_ASSIGN(const bool found, look.bind(text).step());
    if (found) number = look.integer(0);
  }
  if (number == 0) {
    TRAWL_ASSIGN(auto add, connection_->prepare(insert));
    TRAWL_TRY(add.bind(text).run());
    number = connection_->last_insert_rowid();
  }
  known.emplace(text, number);
  return number;
}

Result<std::int64_t> Writer::namespace_number(const NamespaceId& id) {
  return intern(namespaces_, id.str(), "SELECT ns FROM namespaces WHERE id = ?",
                "INSERT INTO namespaces (id) VALUES (?)");
}

Result<std::int64_t> Writer::status_number(std::string_view word) {
  return intern(statuses_, std::string(word), "SELECT status FROM statuses WHERE word = ?",
                "INSERT INTO statuses (word) VALUES (?)");
}

Result<std::optional<std::int64_t>> Writer::definition_number(std::int64_t ns,
                                                              const Execution& execution) {
  std::optional<std::int64_t> number;
  if (execution.pipeline.empty() && execution.fingerprint.empty() &&
      execution.shape.empty()) {
    return number;
  }
  // Not under the fingerprint alone: an imported one may be wrong, and must not show the
  // pipeline of another execution as its own.
  const std::string digest = sha256_hex(fmt::format("{}\n{}\n{}", execution.fingerprint,
                                                    execution.shape, execution.pipeline));
  const std::string key = fmt::format("{}:{}", ns, digest);
  if (const auto found = definitions_.find(key); found != definitions_.end()) {
    number = found->second;
    return number;
  }
  {
    TRAWL_ASSIGN(auto look, connection_->prepare("SELECT definition FROM definitions "
                                                 "WHERE ns = ? AND digest = ?"));
    TRAWL_ASSIGN(const bool found, look.bind(ns, digest).step());
    if (found) number = look.integer(0);
  }
  if (!number) {
    TRAWL_ASSIGN(auto add, connection_->prepare(
                               "INSERT INTO definitions (ns, digest, fingerprint, shape, "
                               "pipeline) VALUES (?, ?, ?, ?, ?)"));
    TRAWL_TRY(
        add.bind(ns, digest, execution.fingerprint, execution.shape, execution.pipeline)
            .run());
    number = connection_->last_insert_rowid();
  }
  if (definitions_.size() >= kDefinitionsKnownMax) definitions_.clear();
  definitions_.emplace(key, *number);
  return number;
}

void Writer::forget_numbers() {
  namespaces_.clear();
  statuses_.clear();
  definitions_.clear();
}

void Writer::bound_log() {
  if (log_pages_ < log_pages_max_) {
    log_pages_allowed_ = log_pages_max_;
  } else if (log_pages_ >= log_pages_allowed_) {
    // With no writer at work the whole log can be copied; unless a reader still needs the
    // old state, the next commit begins the log anew.
    connection_->checkpoint();
    log_pages_allowed_ = log_pages_ + kLogPagesStep;
  }
}

}  // namespace trawl::sqlite
