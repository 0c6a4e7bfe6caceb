#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "corpus/store/place_table.h"
#include "corpus/store/sqlite_corpus_impl.h"

namespace trawl::store {
namespace {

// Rows removed in one transaction: a few dozen milliseconds, which is how long other
// writes wait.
constexpr std::size_t kPieceRows = 2'000;

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
  std::int64_t removed = writer_->changes();
  TRAWL_ASSIGN(auto vectors,
               writer_->prepare("DELETE FROM vectors WHERE rowid IN (SELECT rowid FROM "
                                "vectors WHERE collection = ? LIMIT ?)"));
  TRAWL_TRY(vectors.bind(number, std::uint64_t{kPieceRows}).run());
  removed += writer_->changes();
  if (removed == 0) {
    // Where the server died before it removed the folder, this is the second chance.
    std::error_code ignored;
    std::filesystem::remove_all(index_options(id).directory, ignored);
    for (const char* sql :
         {"DELETE FROM superseded WHERE collection = ?",
          "DELETE FROM versions WHERE collection = ?",
          "DELETE FROM forgetting WHERE collection = ?",
          "DELETE FROM cuts WHERE collection = ?", "DELETE FROM gone WHERE collection = ?",
          "DELETE FROM numbered_runs WHERE collection = ?",
          "DELETE FROM numberings WHERE collection = ?",
          "DELETE FROM dropped WHERE number = ?"}) {
      TRAWL_ASSIGN(auto remove, writer_->prepare(sql));
      TRAWL_TRY(remove.bind(number).run());
    }
  }
  TRAWL_TRY(transaction.commit());
  return true;
}

Result<VacuumReport> SqliteCorpus::vacuum(const VacuumRequest& request) {
  const MutexLock lock(vacuum_mutex_);
  remove_dropped();
  VacuumReport report;
  const TimeUs until = request.now - options_.keep_superseded_us;
  for (const auto& entry : catalog_.collections()) {
    const std::uint64_t oldest = entry.state->history().oldest().version;
    // What was superseded in a version or before is not seen by it.
    std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    for (const VersionUse& use : request.in_use) {
      if (use.collection_id == entry.definition->id.str() && use.version >= oldest) {
        last = std::min(last, use.version);
      }
    }
    while (true) {
      TRAWL_ASSIGN(const std::uint64_t piece,
                   vacuum_piece(*entry.state, {until, last, request.now, false}));
      if (piece == 0) break;
      report.removed += piece;
    }
  }
  TRAWL_TRY(remove_for_room(request, until, report));
  for (const auto& entry : catalog_.collections()) TRAWL_TRY(tidy_indexes(entry));
  TRAWL_TRY(return_pages());
  empty_log();
  for (const auto& entry : catalog_.collections()) {
    auto kept = kept_versions(entry.definition->id);
    // One that another request deletes meanwhile keeps nothing.
    if (kept && (kept->states > 0 || kept->last_cut)) {
      report.kept.push_back(std::move(*kept));
    }
  }
  return report;
}

Result<void> SqliteCorpus::remove_for_room(const VacuumRequest& request, TimeUs until,
                                           VacuumReport& report) {
  const auto entries = catalog_.collections();
  std::vector<std::uint64_t> bytes;
  std::uint64_t total = 0;
  for (const auto& entry : entries) {
    TRAWL_ASSIGN(bytes.emplace_back(),
                 bytes_of(*entry.state, entry.state->history().superseded_rows()));
    total += bytes.back();
  }
  std::uint64_t most = request.replay_bytes_max;
  if (most == 0) {
    constexpr std::uint64_t kLeast = std::uint64_t{1} << 30;
    std::error_code ignored;
    const auto size =
        std::filesystem::file_size(options_.directory + "/corpus.db", ignored);
    most = std::max(kLeast, ignored ? 0 : std::uint64_t{size} / 4);
  }
  while (total > most) {
    // The oldest first, of whichever collection.
    std::optional<std::size_t> next;
    TimeUs next_at = until;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto at = entries[i].state->history().first_superseded();
      if (!at || *at > next_at) continue;
      next = i;
      next_at = *at;
    }
    if (!next) break;  // The rest is too young to go.
    CollectionState& state = *entries[*next].state;
    const Until oldest{next_at, std::numeric_limits<std::uint64_t>::max(), request.now,
                       true};
    const auto going = state.history().removable(oldest.time, oldest.last, kPieceRows);
    TRAWL_ASSIGN(const std::uint64_t freed, bytes_of(state, going.rows));
    TRAWL_ASSIGN(const std::uint64_t piece, vacuum_piece(state, oldest));
    if (piece == 0) break;
    report.removed += piece;
    total -= std::min(total, freed);
    bytes[*next] -= std::min(bytes[*next], freed);
  }
  const MutexLock lock(kept_mutex_);
  superseded_bytes_.clear();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const CollectionState& state = *entries[i].state;
    superseded_bytes_[state.number()] = {state.history().superseded_count(), bytes[i]};
  }
  return {};
}

Result<std::uint64_t> SqliteCorpus::bytes_of(const CollectionState& state,
                                             const std::vector<std::uint32_t>& rows) const {
  // What SQLite adds to the texts of a row, with its entry in the index of ids.
  constexpr std::uint64_t kPerRow = 64;
  if (rows.empty()) return std::uint64_t{0};
  TRAWL_ASSIGN(auto connection, readers_->pool.lease());
  TRAWL_ASSIGN(
      auto size,
      connection->prepare("SELECT length(payload) + 2 * length(document_id) FROM documents "
                          "WHERE row_id = ?"));
  TRAWL_ASSIGN(auto vectors,
               connection->prepare("SELECT sum(length(data) + 32) FROM vectors "
                                   "WHERE collection = ? AND feature = ? AND "
                                   "place = ?"));
  std::uint64_t bytes = 0;
  for (const std::uint32_t row : rows) {
    size.bind(row_id(state.number(), state.places().place_of(row)));
    TRAWL_ASSIGN(const bool found, size.step());
    if (found) bytes += kPerRow + static_cast<std::uint64_t>(size.integer(0));
    size.reset();
    for (const std::uint32_t feature : state.dense_features()) {
      vectors.bind(state.number(), feature, state.places().place_of(row));
      TRAWL_ASSIGN(const bool any, vectors.step());
      if (any) bytes += static_cast<std::uint64_t>(vectors.integer(0));
      vectors.reset();
    }
  }
  return bytes;
}

Result<std::uint64_t> SqliteCorpus::superseded_bytes(const CollectionState& state) const {
  const std::size_t count = state.history().superseded_count();
  {
    const MutexLock lock(kept_mutex_);
    const auto found = superseded_bytes_.find(state.number());
    if (found != superseded_bytes_.end() && found->second.rows == count) {
      return found->second.bytes;
    }
  }
  // Some of them stand for all: there may be very many.
  constexpr std::size_t kMeasuredMax = 256;
  const std::vector<std::uint32_t> rows = state.history().superseded_rows();
  std::vector<std::uint32_t> some;
  const std::size_t step = rows.size() / kMeasuredMax + 1;
  for (std::size_t i = 0; i < rows.size(); i += step) some.push_back(rows[i]);
  TRAWL_ASSIGN(std::uint64_t bytes, bytes_of(state, some));
  if (some.size() < rows.size()) {
    bytes = static_cast<std::uint64_t>(static_cast<double>(bytes) *
                                       static_cast<double>(rows.size()) /
                                       static_cast<double>(some.size()));
  }
  const MutexLock lock(kept_mutex_);
  superseded_bytes_[state.number()] = {rows.size(), bytes};
  return bytes;
}

Result<KeptVersions> SqliteCorpus::kept_versions(const CollectionId& id) const {
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  const VersionHistory& history = entry.state->history();
  KeptVersions kept;
  kept.collection_id = id.str();
  kept.oldest = history.oldest().version;
  kept.since = history.oldest().written_at;
  kept.states = history.superseded_count();
  TRAWL_ASSIGN(kept.bytes, superseded_bytes(*entry.state));
  TRAWL_ASSIGN(kept.last_cut, find_cut(entry.state->number(),
                                       "SELECT at, oldest_kept, for_room FROM cuts WHERE "
                                       "collection = ? AND oldest_kept > ? "
                                       "ORDER BY oldest_kept DESC LIMIT 1",
                                       0));
  return kept;
}

Result<TimeUs> SqliteCorpus::version_time(const CollectionId& id,
                                          std::uint64_t version) const {
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  return entry.state->history().time_of(version);
}

Result<std::uint64_t> SqliteCorpus::version_at(const CollectionId& id, TimeUs time) const {
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  return entry.state->history().version_at(time);
}

Result<std::optional<VersionCut>> SqliteCorpus::cut_of(const CollectionId& id,
                                                       std::uint64_t version) const {
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  return find_cut(entry.state->number(),
                  "SELECT at, oldest_kept, for_room FROM cuts WHERE collection = ? AND "
                  "oldest_kept > ? ORDER BY oldest_kept LIMIT 1",
                  version);
}

Result<std::optional<VersionCut>> SqliteCorpus::find_cut(std::int64_t collection,
                                                         std::string_view select,
                                                         std::uint64_t version) const {
  TRAWL_ASSIGN(auto connection, readers_->pool.lease());
  TRAWL_ASSIGN(auto rows, connection->prepare(select));
  rows.bind(collection, static_cast<std::int64_t>(version));
  TRAWL_ASSIGN(const bool found, rows.step());
  std::optional<VersionCut> cut;
  if (found) {
    cut = VersionCut{rows.integer(0), static_cast<std::uint64_t>(rows.integer(1)),
                     rows.integer(2) != 0};
  }
  return cut;
}

Result<std::uint64_t> SqliteCorpus::vacuum_piece(CollectionState& state,
                                                 const Until& until) {
  const MutexLock lock(write_mutex_);
  if (state.dropped()) return std::uint64_t{0};
  const auto removable = state.history().removable(until.time, until.last, kPieceRows);
  if (removable.rows.empty()) return std::uint64_t{0};
  TRAWL_ASSIGN(auto transaction,
               sqlite::Transaction::begin(*writer_, sqlite::Transaction::Kind::write));
  std::vector<std::uint32_t> places;
  places.reserve(removable.rows.size());
  for (const std::uint32_t row : removable.rows) {
    places.push_back(state.places().place_of(row));
  }
  std::sort(places.begin(), places.end());
  {
    TRAWL_ASSIGN(auto remove, writer_->prepare("DELETE FROM documents WHERE row_id = ?"));
    for (const std::uint32_t place : places) {
      TRAWL_TRY(remove.bind(row_id(state.number(), place)).run());
    }
  }
  TRAWL_TRY(remove_vectors(*writer_, state.number(), places));
  {
    TRAWL_ASSIGN(auto forget,
                 writer_->prepare("DELETE FROM superseded WHERE collection = ? AND "
                                  "version <= ?"));
    TRAWL_TRY(forget.bind(state.number(), removable.version).run());
    TRAWL_TRY(add_gone(*writer_, state.number(), places));
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
  // One cut for each vacuum: the pieces of one have one time.
  TRAWL_ASSIGN(auto forget_cut,
               writer_->prepare("DELETE FROM cuts WHERE collection = ? AND "
                                "at = ? AND for_room = ?"));
  TRAWL_TRY(forget_cut.bind(state.number(), until.now, until.for_room ? 1 : 0).run());
  TRAWL_ASSIGN(auto cut, writer_->prepare("INSERT INTO cuts (collection, oldest_kept, at, "
                                          "for_room) VALUES (?, ?, ?, ?)"));
  TRAWL_TRY(
      cut.bind(state.number(), removable.version, until.now, until.for_room ? 1 : 0).run());
  // First in memory, so a reader who misses a row is told why. Should the commit fail,
  // the versions are back after a restart.
  state.forget_before(removable.version);
  TRAWL_TRY(transaction.commit());
  tidying_[state.number()].is_noted = true;
  return std::uint64_t{removable.rows.size()};
}

}  // namespace trawl::store
