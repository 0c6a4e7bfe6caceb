#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/mutex.h"
#include "corpus/store/place_table.h"
#include "corpus/store/sqlite_corpus_impl.h"

namespace trawl::store {
namespace {

// Free pages are written again by the next import; what is more than one page in so many
// is given back, some megabytes in one transaction.
constexpr std::int64_t kFreeShare = 8;
constexpr int kPiecePages = 512;

// As Connection::open() sets it.
constexpr int kBusyMs = 5'000;

constexpr std::size_t kNumberingNameLength = 8;

}  // namespace

Result<void> SqliteCorpus::tidy_indexes(const CatalogEntries::CollectionEntry& entry) {
  CollectionState& state = *entry.state;
  Tidying& tidying = tidying_[state.number()];
  const std::int64_t begin_us = monotonic_us();
  if (begin_us < tidying.next_us) return {};
  const std::uint64_t forgotten = state.history().forgotten_count();
  const bool is_worn = forgotten >= options_.renumber_rows_min &&
                       forgotten * 2 > state.history().newest().row_end;
  auto tidied = is_worn ? renumber(entry.definition->id) : state.tidy_indexes();
  if (!tidied) return state.dropped() ? Result<void>() : tidied;
  const std::int64_t now_us = monotonic_us();
  tidying.next_us = now_us + options_.rest_factor * (now_us - begin_us);
  if (!tidying.is_noted) return {};
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(auto done, writer_->prepare("DELETE FROM forgetting WHERE collection = ?"));
  TRAWL_TRY(done.bind(state.number()).run());
  tidying.is_noted = false;
  return {};
}

Result<void> SqliteCorpus::renumber(const CollectionId& id) {
  TRAWL_ASSIGN(const auto before, catalog_.find_collection(id));
  const CollectionState& old = *before.state;
  const std::string name = make_random_id("", kNumberingNameLength);
  const auto next = [&]() -> Result<std::shared_ptr<CollectionState>> {
    TRAWL_ASSIGN(auto begun, old.begin_renumbering(name));
    const MutexLock lock(write_mutex_);
    TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
    TRAWL_ASSIGN(auto state, old.finish_renumbering(begun, *entry.definition, *writer_));
    TRAWL_ASSIGN(auto transaction,
                 sqlite::Transaction::begin(*writer_, sqlite::Transaction::Kind::write));
    TRAWL_TRY(store_numbering(*writer_, state->number(), begun.options.numbering));
    TRAWL_TRY(transaction.commit());
    // Snapshots that were taken before go on with the old numbers, and their files.
    catalog_.put(CatalogEntries::CollectionEntry{state, entry.definition});
    return state;
  }();
  // Of the two, the one that is not in use.
  if (next) {
    (*next)->remove_other_indexes();
    spdlog::info("collection {}: its {} rows were numbered anew", id.str(),
                 (*next)->history().newest().row_end);
    return {};
  }
  old.remove_other_indexes();
  if (old.dropped()) {
    std::error_code ignored;
    std::filesystem::remove_all(old.directory(), ignored);
  }
  return next.error();
}

Result<void> SqliteCorpus::return_pages() {
  while (true) {
    const MutexLock lock(write_mutex_);
    TRAWL_ASSIGN(const std::int64_t free, writer_->integer("PRAGMA freelist_count"));
    TRAWL_ASSIGN(const std::int64_t all, writer_->integer("PRAGMA page_count"));
    if (free * kFreeShare <= all) return {};
    TRAWL_TRY(writer_->execute(fmt::format("PRAGMA incremental_vacuum({})", kPiecePages)));
    TRAWL_ASSIGN(const std::int64_t left, writer_->integer("PRAGMA freelist_count"));
    if (left >= free) return {};  // A file of before keeps its size.
  }
}

void SqliteCorpus::empty_log() {
  const MutexLock lock(write_mutex_);
  // Not while somebody reads from it: the next call tries again.
  sqlite3_busy_timeout(writer_->handle(), 0);
  sqlite3_wal_checkpoint_v2(writer_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                            nullptr);
  sqlite3_busy_timeout(writer_->handle(), kBusyMs);
}

}  // namespace trawl::store
