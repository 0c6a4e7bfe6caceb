#include "ledger/sqlite/writer.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "ledger/execution_id_key.h"
#include "ledger/ledger_rules.h"
#include "ledger/sqlite/prepared_record.h"
#include "ledger/sqlite/record.h"
#include "ledger/sqlite/rows.h"
#include "ledger/sqlite/terms.h"
#include "model/execution_json.h"

namespace trawl::sqlite {
namespace {

// While readers keep a long log from being emptied, it is tried again each 32 MiB.
constexpr std::int64_t kLogPagesStep = 4 * 1024;

// Many pipelines and names repeat; those that do not must not fill the memory.
constexpr std::size_t kKnownNumbersMax = 10'000;
// Texts of definitions whose digest is kept: 4 MiB of them at most.
constexpr std::size_t kKnownTextsMax = 256;
constexpr std::size_t kKnownTextBytesMax = 16 * 1024;

// As Connection::open() sets it.
constexpr int kBusyMs = 5'000;

std::string list_json(const std::vector<std::string>& items) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_array();
  for (const auto& item : items) writer.string(item);
  writer.end_array();
  return out;
}

// What is stored of an execution that has only started.
ExecutionSummary summary_of(const LedgerWrite& write) {
  ExecutionSummary summary = write.execution.summary;
  if (write.kind == LedgerWrite::Kind::started) summary.status = status::kProcessing;
  return summary;
}

}  // namespace

struct Writer::Numbers {
  std::int64_t status = 0;
  std::int64_t mode = 0;
  std::optional<std::int64_t> failed_stage, caller, collections, stages, definition;
  bool running = false;
};

Writer::Writer(std::unique_ptr<Connection> connection, Words& words,
               std::int64_t log_pages_max)
    : connection_(std::move(connection)),
      words_(words),
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

Result<void> Writer::append(std::span<const LedgerWrite> writes,
                            std::span<AppendOutcome> outcomes) {
  auto applied = apply_all(writes, outcomes);
  if (!applied) {
    forget_numbers();
  } else {
    bound_log();
  }
  return applied;
}

Result<void> Writer::apply_all(std::span<const LedgerWrite> writes,
                               std::span<AppendOutcome> outcomes) {
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  Pending pending;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (!outcomes[i]) continue;
    TRAWL_ASSIGN(outcomes[i], apply(writes[i], pending));
  }
  TRAWL_TRY(finish(pending));
  TRAWL_TRY(version_uses_.apply(*connection_));
  TRAWL_TRY(transaction.commit());
  version_uses_.committed();
  fresh_terms_.add(std::move(pending.terms));
  return {};
}

Result<Appended> Writer::apply(const LedgerWrite& write, Pending& pending) {
  const Execution& execution = write.execution;
  TRAWL_ASSIGN(const std::int64_t ns, namespace_number(execution.namespace_id));
  const std::string id = execution_id_key(execution.summary.execution_id);
  const ExecutionSummary summary = summary_of(write);
  const bool running = write.kind == LedgerWrite::Kind::started;

  std::optional<Existing> existing;
  // An execution that was started may be there; others hardly ever are, and their insert
  // finds that out by itself.
  if (write.kind != LedgerWrite::Kind::finished) {
    TRAWL_ASSIGN(existing, find_existing(ns, id));
    if (existing) return Appended::repeated;
  }
  Numbers numbers;
  numbers.running = running;
  TRAWL_ASSIGN(numbers.status, word_number(summary.status));
  TRAWL_ASSIGN(numbers.mode, word_number(summary.execution_mode));
  if (execution.failed_stage) {
    TRAWL_ASSIGN(numbers.failed_stage, word_number(*execution.failed_stage));
  }
  if (!execution.caller_key_id.empty()) {
    TRAWL_ASSIGN(numbers.caller, word_number(execution.caller_key_id));
  }
  if (summary.collection_ids) {
    TRAWL_ASSIGN(numbers.collections, word_number(list_json(*summary.collection_ids)));
  }
  if (!execution.stages.empty()) {
    std::vector<std::string> stages;
    for (const auto& stage : execution.stages) stages.push_back(stage.stage_id);
    TRAWL_ASSIGN(numbers.stages, word_number(list_json(stages)));
  }
  TRAWL_ASSIGN(numbers.definition, definition_number(ns, execution));

  TRAWL_ASSIGN(auto seq, insert_row(ns, id, numbers, summary));
  if (!seq) {
    TRAWL_ASSIGN(existing, find_existing(ns, id));
    if (!existing || !existing->running) return Appended::repeated;
    TRAWL_TRY(update_row(*existing, numbers, summary, pending));
    TRAWL_TRY(contents_.release(*connection_, existing->seq, Contents::Which::all,
                                pending.content_uses));
    TRAWL_ASSIGN(const ModeKind before, kind_of(existing->mode));
    pending.rollups.add(ns, before, existing->status, existing->timestamp, -1);
    seq = existing->seq;
  }
  TRAWL_TRY(put_record(ns, *seq, write, pending));
  if (!running) {
    TRAWL_TRY(await_index(*seq));
    const PreparedRecord* prepared = prepared_of(write);
    if (prepared != nullptr && !prepared->terms.empty()) {
      pending.terms.emplace_back(*seq, in_namespace(ns, prepared->terms));
    }
  }
  if (write.kind != LedgerWrite::Kind::imported) version_uses_.add(execution);
  if (numbers.definition) ++pending.definition_uses[*numbers.definition];
  pending.rollups.add(ns, mode_kind(summary.execution_mode), numbers.status,
                      summary.timestamp, 1);
  const auto [times, added] =
      pending.group_times.try_emplace(group_of(*seq), summary.timestamp, summary.timestamp);
  times->second.first = std::min(times->second.first, summary.timestamp);
  times->second.second = std::max(times->second.second, summary.timestamp);
  return Appended::written;
}

Result<std::optional<Writer::Existing>> Writer::find_existing(std::int64_t ns,
                                                              std::string_view id) {
  TRAWL_ASSIGN(auto select,
               connection_->prepare("SELECT seq, status, mode, ts, running FROM executions "
                                    "INDEXED BY executions_by_id WHERE ns = ? AND id = ?"));
  select.bind(ns);
  TRAWL_ASSIGN(const bool found, select.bind_blob(id).step());
  std::optional<Existing> existing;
  if (found) {
    existing = Existing{select.integer(0), select.integer(1), select.integer(2),
                        select.integer(3), select.integer(4) != 0};
  }
  return existing;
}

// Nothing when the id is there already.
Result<std::optional<std::int64_t>> Writer::insert_row(std::int64_t ns, std::string_view id,
                                                       const Numbers& numbers,
                                                       const ExecutionSummary& summary) {
  TRAWL_ASSIGN(const std::int64_t next, next_seq());
  TRAWL_ASSIGN(
      auto insert,
      connection_->prepare(
          "INSERT INTO executions (seq, ns, ts, id, status, mode, failed_stage, caller, "
          "collections, stages, definition, running, row) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (ns, id) DO NOTHING"));
  const std::string values = row_values_json(summary);
  insert.bind(next, ns, summary.timestamp).bind_blob(id);
  insert.bind(numbers.status, numbers.mode, numbers.failed_stage, numbers.caller,
              numbers.collections, numbers.stages, numbers.definition, numbers.running,
              values);
  TRAWL_TRY(insert.run());
  std::optional<std::int64_t> seq;
  if (connection_->changes() > 0) {
    seq = next;
    next_seq_ = next + 1;
  }
  return seq;
}

Result<std::int64_t> Writer::next_seq() {
  if (!next_seq_) {
    TRAWL_ASSIGN(next_seq_,
                 connection_->integer(
                     "SELECT 1 + max(coalesce((SELECT max(seq) FROM executions), 0), "
                     "coalesce((SELECT value FROM settings WHERE name = 'last_seq'), 0))"));
  }
  return *next_seq_;
}

Result<void> Writer::touch_group(std::int64_t group) {
  changed_groups_.insert(group);
  return open_group(*connection_, group);
}

Result<void> Writer::update_row(const Existing& existing, const Numbers& numbers,
                                const ExecutionSummary& summary, Pending& pending) {
  {
    TRAWL_ASSIGN(auto definition, connection_->prepare("SELECT definition FROM executions "
                                                       "WHERE seq = ?"));
    TRAWL_ASSIGN(const bool found, definition.bind(existing.seq).step());
    if (found && !definition.is_null(0)) --pending.definition_uses[definition.integer(0)];
  }
  TRAWL_ASSIGN(auto update,
               connection_->prepare(
                   "UPDATE executions SET status = ?, mode = ?, failed_stage = ?, "
                   "caller = ?, collections = ?, stages = ?, definition = ?, running = ?, "
                   "row = ? WHERE seq = ?"));
  const std::string values = row_values_json(summary);
  TRAWL_TRY(update
                .bind(numbers.status, numbers.mode, numbers.failed_stage, numbers.caller,
                      numbers.collections, numbers.stages, numbers.definition,
                      numbers.running, values, existing.seq)
                .run());
  // Apart, because naming ts above would rewrite an index entry that hardly ever moves.
  if (existing.timestamp != summary.timestamp) {
    TRAWL_ASSIGN(auto move,
                 connection_->prepare("UPDATE executions SET ts = ? WHERE seq = ?"));
    TRAWL_TRY(move.bind(summary.timestamp, existing.seq).run());
  }
  return {};
}

Result<void> Writer::put_record(std::int64_t ns, std::int64_t seq, const LedgerWrite& write,
                                Pending& pending) {
  EncodedRecord made;
  const PreparedRecord* prepared = prepared_of(write);
  if (prepared == nullptr) made = encode_record(write.execution);
  const EncodedRecord& encoded = prepared == nullptr ? made : prepared->encoded;
  TRAWL_TRY(contents_.put(*connection_, ns, seq, encoded.contents, pending.content_uses));
  TRAWL_ASSIGN(auto put, connection_->prepare(
                             "INSERT OR REPLACE INTO records (seq, record) VALUES (?, ?)"));
  return put.bind(seq).bind_blob(encoded.record).run();
}

Result<void> Writer::await_index(std::int64_t seq) {
  TRAWL_ASSIGN(auto insert, connection_->prepare(
                                "INSERT OR IGNORE INTO terms_pending (seq) VALUES (?)"));
  return insert.bind(seq).run();
}

// Everything that is written once for a transaction, however many rows moved it.
Result<void> Writer::finish(const Pending& pending) {
  TRAWL_TRY(pending.rollups.apply(*connection_));
  TRAWL_TRY(contents_.apply(*connection_, pending.content_uses));
  for (const auto& [definition, uses] : pending.definition_uses) {
    if (uses == 0) continue;
    TRAWL_ASSIGN(auto count, connection_->prepare("UPDATE definitions SET uses = uses + ? "
                                                  "WHERE definition = ?"));
    TRAWL_TRY(count.bind(uses, definition).run());
    if (uses > 0) continue;
    TRAWL_ASSIGN(auto remove, connection_->prepare("DELETE FROM definitions WHERE "
                                                   "definition = ? AND uses <= 0"));
    TRAWL_TRY(remove.bind(definition).run());
    if (connection_->changes() > 0) definitions_.clear();
  }
  for (const auto& [group, times] : pending.group_times) {
    TRAWL_ASSIGN(auto widen,
                 connection_->prepare(
                     "INSERT INTO row_groups (grp, closed, row_count, ts_min, ts_max) "
                     "VALUES (?, 0, 0, ?, ?) ON CONFLICT DO UPDATE SET "
                     "ts_min = min(ts_min, excluded.ts_min), "
                     "ts_max = max(ts_max, excluded.ts_max)"));
    TRAWL_TRY(widen.bind(group, times.first, times.second).run());
    TRAWL_TRY(touch_group(group));
  }
  return {};
}

Result<std::vector<Execution>> Writer::recover() {
  auto recovered = end_running();
  if (!recovered) forget_numbers();
  return recovered;
}

Result<std::vector<Execution>> Writer::end_running() {
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  struct Row {
    Existing at;
    std::int64_t ns = 0;
  };
  std::vector<Row> rows;
  {
    TRAWL_ASSIGN(auto select,
                 connection_->prepare("SELECT seq, status, mode, ts, ns FROM executions "
                                      "INDEXED BY executions_running WHERE running = 1 "
                                      "AND ns NOT IN (SELECT ns FROM removed)"));
    while (true) {
      TRAWL_ASSIGN(const bool found, select.step());
      if (!found) break;
      rows.push_back({{select.integer(0), select.integer(1), select.integer(2),
                       select.integer(3), true},
                      select.integer(4)});
    }
  }
  std::vector<Execution> ended;
  if (rows.empty()) return ended;
  TRAWL_ASSIGN(const std::int64_t failed, word_number(status::kFailed));
  Pending pending;
  for (const Row& row : rows) {
    TRAWL_ASSIGN(Execution execution, read_execution(*connection_, words_, row.at.seq));
    execution.summary.status = status::kFailed;
    execution.error = kInterrupted;
    TRAWL_ASSIGN(auto update,
                 connection_->prepare("UPDATE executions SET status = ?, running = 0 "
                                      "WHERE seq = ?"));
    TRAWL_TRY(update.bind(failed, row.at.seq).run());
    LedgerWrite write{LedgerWrite::Kind::finished, std::move(execution)};
    // What was answered stays: it is not in what was read.
    TRAWL_TRY(contents_.release(*connection_, row.at.seq, Contents::Which::cut_outs,
                                pending.content_uses));
    TRAWL_TRY(put_record(row.ns, row.at.seq, write, pending));
    ended.push_back(std::move(write.execution));
    TRAWL_TRY(await_index(row.at.seq));
    TRAWL_TRY(touch_group(group_of(row.at.seq)));
    TRAWL_ASSIGN(const ModeKind kind, kind_of(row.at.mode));
    pending.rollups.add(row.ns, kind, row.at.status, row.at.timestamp, -1);
    pending.rollups.add(row.ns, kind, failed, row.at.timestamp, 1);
  }
  TRAWL_TRY(finish(pending));
  TRAWL_TRY(transaction.commit());
  return ended;
}

Result<ModeKind> Writer::kind_of(std::int64_t mode) {
  TRAWL_ASSIGN(const auto word, words_.find(*connection_, mode));
  return mode_kind(word->text);
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
  if (known.size() >= kKnownNumbersMax) known.clear();
  known.emplace(text, number);
  return number;
}

Result<std::int64_t> Writer::namespace_number(const NamespaceId& id) {
  return intern(namespaces_, id.str(), "SELECT ns FROM namespaces WHERE id = ?",
                "INSERT INTO namespaces (id) VALUES (?)");
}

Result<std::int64_t> Writer::word_number(std::string_view text) {
  TRAWL_ASSIGN(const std::int64_t number, intern(word_numbers_, std::string(text),
                                                 "SELECT word FROM words WHERE text = ?",
                                                 "INSERT INTO words (text) VALUES (?)"));
  if (sweeping_) words_taken_.insert(number);
  return number;
}

// Not the fingerprint alone: an imported one may be wrong, and must not show the pipeline
// of another execution as its own. SHA-256 costs as much as all rows of a short record, so
// those of the texts that came lately are known.
std::string Writer::definition_digest(const Execution& execution) {
  std::string text =
      fmt::format("{}\n{}\n{}", execution.fingerprint, execution.shape, execution.pipeline);
  if (const auto found = digests_.find(text); found != digests_.end()) return found->second;
  std::string digest = sha256_hex(text).substr(0, 32);
  if (text.size() > kKnownTextBytesMax) return digest;
  if (digests_.size() >= kKnownTextsMax) digests_.clear();
  digests_.emplace(std::move(text), digest);
  return digest;
}

Result<std::optional<std::int64_t>> Writer::definition_number(std::int64_t ns,
                                                              const Execution& execution) {
  std::optional<std::int64_t> number;
  if (execution.pipeline.empty() && execution.fingerprint.empty() &&
      execution.shape.empty()) {
    return number;
  }
  const std::string digest = definition_digest(execution);
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
    std::optional<std::int64_t> shape;
    if (!execution.shape.empty()) {
      TRAWL_ASSIGN(shape, word_number(execution.shape));
    }
    TRAWL_ASSIGN(auto add, connection_->prepare(
                               "INSERT INTO definitions (ns, digest, fingerprint, shape, "
                               "pipeline, uses) VALUES (?, ?, ?, ?, ?, 0)"));
    TRAWL_TRY(add.bind(ns, digest, execution.fingerprint, shape, execution.pipeline).run());
    number = connection_->last_insert_rowid();
  }
  if (definitions_.size() >= kKnownNumbersMax) definitions_.clear();
  definitions_.emplace(key, *number);
  return number;
}

void Writer::forget_numbers() {
  version_uses_.rolled_back();
  namespaces_.clear();
  word_numbers_.clear();
  definitions_.clear();
  contents_.forget();
}

void Writer::empty_log() {
  if (!log_shows_deleted_) return;
  sqlite3_busy_timeout(connection_->handle(), 0);
  const int code = sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr,
                                             SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(connection_->handle(), kBusyMs);
  if (code == SQLITE_OK) log_shows_deleted_ = false;
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
