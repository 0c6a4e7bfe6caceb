#include "ledger/sqlite/writer.h"

#include <algorithm>

#include "ledger/sqlite/retention.h"
#include "ledger/sqlite/rows.h"
#include "ledger/sqlite/search.h"
#include "ledger/sqlite/settings.h"
#include "ledger/sqlite/terms.h"

namespace trawl::sqlite {
namespace {

// How many rows of a removed namespace one transaction deletes, so a commit never
// waits long behind it.
constexpr std::int64_t kPurgeRows = 200;

}  // namespace

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
  std::vector<std::int64_t> seqs;
  {
    TRAWL_ASSIGN(auto select, connection_->prepare(
                                  "SELECT seq FROM executions "
                                  "INDEXED BY executions_by_time WHERE ns = ? LIMIT ?"));
    select.bind(ns, kPurgeRows);
    while (true) {
      TRAWL_ASSIGN(const bool found, select.step());
      if (!found) break;
      seqs.push_back(select.integer(0));
    }
  }
  if (!seqs.empty()) {
    TRAWL_TRY(remove_rows(seqs));
    return true;
  }
  forget_numbers();
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  for (const std::string_view sql :
       {"DELETE FROM rollups WHERE ns = ?", "DELETE FROM mode_rollups WHERE ns = ?",
        "DELETE FROM definitions WHERE ns = ?", "DELETE FROM removed WHERE ns = ?"}) {
    TRAWL_ASSIGN(auto remove, connection_->prepare(sql));
    TRAWL_TRY(remove.bind(ns).run());
  }
  TRAWL_TRY(transaction.commit());
  return true;
}

// Takes an ended or abandoned execution out of everything that knows it.
Result<void> Writer::remove_row(std::int64_t seq, Pending& pending) {
  std::int64_t ns = 0;
  bool running = false;
  {
    TRAWL_ASSIGN(auto select, connection_->prepare(
                                  "SELECT ns, status, ts, definition, running, mode FROM "
                                  "executions WHERE seq = ?"));
    TRAWL_ASSIGN(const bool found, select.bind(seq).step());
    if (!found) return {};
    ns = select.integer(0);
    running = select.integer(4) != 0;
    TRAWL_ASSIGN(const ModeKind kind, kind_of(select.integer(5)));
    pending.rollups.add(ns, kind, select.integer(1), select.integer(2), -1);
    if (!select.is_null(3)) --pending.definition_uses[select.integer(3)];
  }
  TRAWL_ASSIGN(auto waiting,
               connection_->prepare("DELETE FROM terms_pending WHERE seq = ?"));
  TRAWL_TRY(waiting.bind(seq).run());
  // Only what has ended was ever indexed; of what still waits, at most a part.
  bool indexed = connection_->changes() == 0 && !running;
  std::size_t bytes = std::string::npos;
  TRAWL_ASSIGN(const std::size_t part, indexed_part(seq));
  if (part > 0) {
    TRAWL_TRY(note_part(0, 0));
    indexed = true;
    bytes = part;
  }
  if (indexed) {
    TRAWL_ASSIGN(const Execution execution, read_execution(*connection_, words_, seq));
    TRAWL_TRY(unindex_terms(*connection_, seq, text_terms(ns, execution).substr(0, bytes)));
    ++pending.unindexed;
  }
  TRAWL_TRY(
      contents_.release(*connection_, seq, Contents::Which::all, pending.content_uses));
  TRAWL_TRY(touch_group(group_of(seq)));
  for (const std::string_view sql :
       {"DELETE FROM records WHERE seq = ?", "DELETE FROM executions WHERE seq = ?"}) {
    TRAWL_ASSIGN(auto remove, connection_->prepare(sql));
    TRAWL_TRY(remove.bind(seq).run());
  }
  return {};
}

Result<std::uint64_t> Writer::remove_rows(const std::vector<std::int64_t>& seqs) {
  if (seqs.empty()) return 0;
  forget_numbers();
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  Pending pending;
  for (const std::int64_t seq : seqs) TRAWL_TRY(remove_row(seq, pending));
  TRAWL_TRY(finish(pending));
  TRAWL_TRY(
      raise_setting(*connection_, kLastSeq, *std::max_element(seqs.begin(), seqs.end())));
  TRAWL_TRY(add_to_setting(*connection_, kUnswept, static_cast<std::int64_t>(seqs.size())));
  TRAWL_TRY(add_to_setting(*connection_, kUnmerged, pending.unindexed));
  // What is deleted from the index leaves the disk when its segments are merged. An index
  // of nothing can go at once.
  TRAWL_ASSIGN(const std::int64_t left,
               connection_->integer("SELECT EXISTS (SELECT 1 FROM executions)"));
  if (left == 0) {
    TRAWL_TRY(connection_->execute("INSERT INTO terms (terms) VALUES ('delete-all')"));
  }
  TRAWL_TRY(transaction.commit());
  fresh_terms_.forget(seqs);
  log_shows_deleted_ = true;
  bound_log();
  return seqs.size();
}

Result<std::uint64_t> Writer::remove(std::span<const FoundKey> ended) {
  std::vector<std::int64_t> seqs;
  TRAWL_ASSIGN(auto select, connection_->prepare("SELECT 1 FROM executions WHERE seq = ? "
                                                 "AND ts = ? AND id = ? AND running = 0"));
  for (const FoundKey& key : ended) {
    select.bind(key.seq, key.timestamp);
    TRAWL_ASSIGN(const bool found, select.bind_blob(key.id).step());
    if (found) seqs.push_back(key.seq);
    select.reset();
  }
  return remove_rows(seqs);
}

Result<PruneReport> Writer::prune(const NamespaceId& namespace_id,
                                  const RetentionPolicy& policy, TimeUs now,
                                  std::uint32_t limit) {
  TRAWL_ASSIGN(const PruneStep step,
               plan_prune(*connection_, namespace_id, policy, now, limit));
  TRAWL_TRY(remove_rows(step.seqs));
  return step.report;
}

}  // namespace trawl::sqlite
