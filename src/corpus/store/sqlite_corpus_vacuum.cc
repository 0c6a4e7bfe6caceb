#include <sqlite3.h>

#include <filesystem>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "corpus/store/sqlite_corpus_impl.h"

namespace trawl::store {
namespace {

// Rows removed in one transaction: a few dozen milliseconds, which is how long other
// writes wait.
constexpr std::size_t kPieceRows = 2'000;

// What rewrites indexes rests so many times as long as it took, however large they are.
constexpr std::int64_t kRestFactor = 100;

// As Connection::open() sets it.
constexpr int kBusyMs = 5'000;

}  // namespace

Result<void> SqliteCorpus::drop(const std::vector<CatalogEntries::CollectionEntry>& entries,
                                const CatalogEntries::NamespaceEntry* with_namespace) {
  {
    TRAWL_ASSIGN(auto transaction,
                 sqlite::Transaction::begin(*writer_, sqlite::Transaction::Kind::write));
    for (const auto& entry : entries) {
      TRAWL_ASSIGN(
          auto note,
          writer_->prepare("INSERT INTO dropped (number, collection_id) VALUES (?, ?)"));
      TRAWL_TRY(note.bind(entry.state->number(), entry.definition->id.str()).run());
      TRAWL_ASSIGN(auto remove,
                   writer_->prepare("DELETE FROM collections WHERE number = ?"));
      TRAWL_TRY(remove.bind(entry.state->number()).run());
    }
    if (with_namespace != nullptr) {
      TRAWL_ASSIGN(auto remove,
                   writer_->prepare("DELETE FROM namespaces WHERE number = ?"));
      TRAWL_TRY(remove.bind(with_namespace->number).run());
      TRAWL_ASSIGN(auto note, writer_->prepare("INSERT OR IGNORE INTO deleted_namespaces "
                                               "(namespace_id) VALUES (?)"));
      TRAWL_TRY(note.bind(with_namespace->definition->id.str()).run());
    }
    TRAWL_TRY(transaction.commit());
  }
  for (const auto& entry : entries) {
    entry.state->set_dropped();
    catalog_.erase(entry);
    // Searches that run keep the memory-mapped files until they let go of them.
    entry.state->remove_indexes();
  }
  if (with_namespace != nullptr) catalog_.erase(*with_namespace);
  return {};
}

void SqliteCorpus::remove_dropped() {
  for (bool any = false;; any = true) {
    const auto more = remove_dropped_piece();
    if (!more) {
      spdlog::error("the rows of a deleted collection cannot be removed yet: {} ({})",
                    more.error().message, more.error().detail);
    }
    if (more && *more) continue;
    if (any) empty_log();
    return;
  }
}

Result<bool> SqliteCorpus::remove_dropped_piece() {
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(auto next,
               writer_->prepare("SELECT number, collection_id FROM dropped LIMIT 1"));
  TRAWL_ASSIGN(const bool found, next.step());
  if (!found) return false;
  const std::int64_t number = next.integer(0);
  const CollectionId id(next.string(1));
  next.reset();

  TRAWL_ASSIGN(auto transaction,
               sqlite::Transaction::begin(*writer_, sqlite::Transaction::Kind::write));
  TRAWL_ASSIGN(auto documents,
               writer_->prepare("DELETE FROM documents WHERE row_id IN (SELECT row_id FROM "
                                "documents WHERE row_id >= ? AND row_id < ? LIMIT ?)"));
  TRAWL_TRY(
      documents.bind(row_id(number, 0), row_id(number + 1, 0), std::uint64_t{kPieceRows})
          .run());
  if (writer_->changes() == 0) {
    // Where the server died before it removed the folder, this is the second chance.
    std::error_code ignored;
    std::filesystem::remove_all(index_options(id).directory, ignored);
    for (const char* sql : {"DELETE FROM superseded WHERE collection = ?",
                            "DELETE FROM versions WHERE collection = ?",
                            "DELETE FROM forgetting WHERE collection = ?",
                            "DELETE FROM dropped WHERE number = ?"}) {
      TRAWL_ASSIGN(auto remove, writer_->prepare(sql));
      TRAWL_TRY(remove.bind(number).run());
    }
  }
  TRAWL_TRY(transaction.commit());
  return true;
}

Result<std::uint64_t> SqliteCorpus::vacuum(TimeUs now) {
  const MutexLock lock(vacuum_mutex_);
  remove_dropped();
  std::uint64_t removed = 0;
  const TimeUs until = now - options_.keep_superseded_us;
  for (const auto& entry : catalog_.collections()) {
    while (true) {
      TRAWL_ASSIGN(const std::uint64_t piece, vacuum_piece(*entry.state, until));
      if (piece == 0) break;
      removed += piece;
    }
    TRAWL_TRY(forget_words(*entry.state));
  }
  empty_log();
  return removed;
}

Result<void> SqliteCorpus::forget_words(CollectionState& state) {
  const auto found = forgetting_.find(state.number());
  if (found == forgetting_.end()) return {};
  Forgetting& forgetting = found->second;
  const std::int64_t begin_us = monotonic_us();
  if ((!forgetting.all && forgetting.rows.empty()) || begin_us < forgetting.next_us) {
    return {};
  }
  Bitmap rows(state.history().newest().row_end);
  if (forgetting.all) {
    rows = state.history().forgotten_rows();
  } else {
    for (const std::uint32_t row : forgetting.rows) rows.set(row);
  }
  if (auto forgotten = state.forget_words(rows); !forgotten) {
    return state.dropped() ? Result<void>() : forgotten;
  }
  forgetting.all = false;
  forgetting.rows.clear();
  const std::int64_t now_us = monotonic_us();
  forgetting.next_us = now_us + kRestFactor * (now_us - begin_us);
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(auto done, writer_->prepare("DELETE FROM forgetting WHERE collection = ?"));
  return done.bind(state.number()).run();
}

void SqliteCorpus::empty_log() {
  const MutexLock lock(write_mutex_);
  // Not while somebody reads from it: the next call tries again.
  sqlite3_busy_timeout(writer_->handle(), 0);
  sqlite3_wal_checkpoint_v2(writer_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                            nullptr);
  sqlite3_busy_timeout(writer_->handle(), kBusyMs);
}

Result<std::uint64_t> SqliteCorpus::vacuum_piece(CollectionState& state, TimeUs until) {
  const MutexLock lock(write_mutex_);
  if (state.dropped()) return std::uint64_t{0};
  const auto removable = state.history().removable(until, kPieceRows);
  if (removable.rows.empty()) return std::uint64_t{0};
  TRAWL_ASSIGN(auto transaction,
               sqlite::Transaction::begin(*writer_, sqlite::Transaction::Kind::write));
  {
    TRAWL_ASSIGN(auto remove, writer_->prepare("DELETE FROM documents WHERE row_id = ?"));
    for (const std::uint32_t row : removable.rows) {
      TRAWL_TRY(remove.bind(row_id(state.number(), row)).run());
    }
  }
  // Versions and the rows that only they saw go together, so a version can be asked
  // for if and only if it is whole.
  TRAWL_ASSIGN(
      auto forget,
      writer_->prepare("DELETE FROM versions WHERE collection = ? AND version < ?"));
  TRAWL_TRY(forget.bind(state.number(), removable.version).run());
  TRAWL_ASSIGN(auto note, writer_->prepare(
                              "INSERT OR IGNORE INTO forgetting (collection) VALUES (?)"));
  TRAWL_TRY(note.bind(state.number()).run());
  // First in memory, so a reader who misses a row is told why. Should the commit fail,
  // the versions are back after a restart.
  state.history().forget_before(removable.version);
  TRAWL_TRY(transaction.commit());
  auto& rows = forgetting_[state.number()].rows;
  rows.insert(rows.end(), removable.rows.begin(), removable.rows.end());
  return std::uint64_t{removable.rows.size()};
}

}  // namespace trawl::store
