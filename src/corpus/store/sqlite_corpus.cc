#include "corpus/store/sqlite_corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/private_files.h"
#include "catalog/definition_check.h"
#include "corpus/engine.h"
#include "corpus/store/place_table.h"
#include "corpus/store/schema.h"
#include "corpus/store/sqlite_corpus_impl.h"
#include "runtime/waiting.h"

namespace trawl {

Result<std::unique_ptr<EmbeddedCorpus>> open_corpus(CorpusOptions options) {
  TRAWL_ASSIGN(auto corpus, store::SqliteCorpus::open(std::move(options)));
  return std::unique_ptr<EmbeddedCorpus>(std::move(corpus));
}

Result<OpenedCorpus> open_embedded_corpus(const CorpusOpening& opening) {
  CorpusOptions options;
  options.directory = opening.directory;
  options.keep_superseded_us = opening.keep_superseded_us;
  TRAWL_ASSIGN(std::shared_ptr<EmbeddedCorpus> corpus, open_corpus(std::move(options)));
  return OpenedCorpus{corpus, corpus};
}

namespace store {
namespace {

// What a connection may hold of the file. Mapped pages would be faster by a twentieth at
// best, and all count as ours, once for each connection; the system keeps them for us
// anyway.
constexpr int kReaderCacheKib = 4 * 1024;
constexpr std::int64_t kReaderMapBytes = 0;

// Numbers stand above the 40 bits of a row in a signed 64-bit key.
constexpr std::int64_t kCollectionNumberMax = (std::int64_t{1} << (63 - kRowBits)) - 1;

constexpr std::size_t kIdRandomLength = 10;

std::string database_path(const CorpusOptions& options) {
  return options.directory + "/corpus.db";
}

}  // namespace

SqliteCorpus::SqliteCorpus(CorpusOptions options,
                           std::unique_ptr<sqlite::Connection> writer)
    : options_(std::move(options)),
      readers_(std::make_shared<SharedReaders>(
          database_path(options_),
          [] {
            sqlite::OpenOptions reader;
            reader.cache_kib = kReaderCacheKib;
            reader.mmap_bytes = kReaderMapBytes;
            return reader;
          }(),
          options_.filter_cache_bytes)),
      writer_(std::move(writer)) {}

Result<std::unique_ptr<SqliteCorpus>> SqliteCorpus::open(CorpusOptions options) {
  if (const std::error_code made = make_private_directories(options.directory)) {
    return make_error(ErrorCode::storage,
                      fmt::format("cannot make the data directory {}: {}",
                                  options.directory, made.message()));
  }
  TRAWL_ASSIGN(auto writer, open_database(database_path(options)));
  std::unique_ptr<SqliteCorpus> corpus(
      new SqliteCorpus(std::move(options), std::move(writer)));
  TRAWL_TRY(corpus->load());
  return corpus;
}

SqliteCorpus::~SqliteCorpus() {
  for (const auto& entry : catalog_.collections()) entry.state->flush();
}

Result<void> SqliteCorpus::load() {
  remove_dropped();
  const MutexLock vacuum_lock(vacuum_mutex_);
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(auto namespaces, read_namespaces(*writer_));
  for (auto& stored : namespaces) {
    catalog_.put(CatalogEntries::NamespaceEntry{
        stored.number, std::make_shared<Namespace>(std::move(stored.definition))});
  }
  {
    TRAWL_ASSIGN(auto rows, writer_->prepare("SELECT collection FROM forgetting"));
    while (true) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) break;
      tidying_[rows.integer(0)].is_noted = true;
    }
  }
  TRAWL_ASSIGN(auto collections, read_collections(*writer_));
  for (auto& stored : collections) {
    CollectionState::Options indexes = index_options(stored.definition.id);
    TRAWL_ASSIGN(indexes.numbering, read_numbering(*writer_, stored.number));
    TRAWL_ASSIGN(auto state,
                 CollectionState::open(stored.number, stored.definition, indexes));
    state->remove_other_indexes();
    TRAWL_TRY(state->load_history(*writer_));
    const VersionHistory::Version newest = state->history().newest();
    TRAWL_TRY(state->index_missing_rows(*writer_, newest.row_end));
    TRAWL_TRY(state->index_missing_vectors(*writer_, newest.version));
    catalog_.put(CatalogEntries::CollectionEntry{
        std::move(state), std::make_shared<Collection>(std::move(stored.definition))});
  }
  return {};
}

CollectionState::Options SqliteCorpus::index_options(const CollectionId& id) const {
  CollectionState::Options options;
  options.directory = fmt::format("{}/index/{}", options_.directory, id.str());
  options.flush_rows = options_.index_flush_rows;
  return options;
}

TimeUs SqliteCorpus::now_after(TimeUs earlier) const {
  return std::max(options_.clock->now(), earlier);
}

Result<Namespace> SqliteCorpus::create_namespace(Namespace wanted) {
  TRAWL_TRY(check_name("namespace", wanted.name));
  const Waiting waiting;  // For its turn to write, and the disk.
  const MutexLock lock(write_mutex_);
  if (catalog_.has_namespace_name(wanted.name)) return name_taken("namespace", wanted.name);
  wanted.id = NamespaceId(make_random_id("ns_", kIdRandomLength));
  wanted.created_at = wanted.updated_at = options_.clock->now();
  wanted.revision = 1;
  TRAWL_ASSIGN(const std::int64_t number, insert_namespace(*writer_, wanted));
  catalog_.put(CatalogEntries::NamespaceEntry{number, std::make_shared<Namespace>(wanted)});
  return wanted;
}

Result<Namespace> SqliteCorpus::find_namespace(std::string_view identifier) const {
  TRAWL_ASSIGN(const auto entry, catalog_.find_namespace(identifier));
  return *entry.definition;
}

Result<std::uint64_t> SqliteCorpus::namespace_revision(const NamespaceId& id) const {
  TRAWL_ASSIGN(const auto entry, catalog_.find_namespace(id.str()));
  return entry.definition->revision;
}

Result<std::vector<Namespace>> SqliteCorpus::list_namespaces() const {
  std::vector<Namespace> all;
  for (const auto& entry : catalog_.namespaces()) all.push_back(*entry.definition);
  return all;
}

Result<Namespace> SqliteCorpus::update_namespace(
    std::string_view identifier, const std::function<Result<void>(Namespace&)>& change) {
  const Waiting waiting;  // For its turn to write, and the disk.
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(const auto entry, catalog_.find_namespace(identifier));
  Namespace changed = *entry.definition;
  TRAWL_TRY(change(changed));
  TRAWL_TRY(check_name("namespace", changed.name));
  if (changed.name != entry.definition->name && catalog_.has_namespace_name(changed.name)) {
    return name_taken("namespace", changed.name);
  }
  changed.id = entry.definition->id;
  changed.created_at = entry.definition->created_at;
  changed.updated_at = now_after(entry.definition->updated_at);
  changed.revision = entry.definition->revision + 1;
  TRAWL_TRY(store_namespace(*writer_, entry.number, changed));
  catalog_.put(
      CatalogEntries::NamespaceEntry{entry.number, std::make_shared<Namespace>(changed)});
  return changed;
}

Result<void> SqliteCorpus::delete_namespace(std::string_view identifier) {
  const Waiting waiting;  // For its turn to write, and the disk.
  {
    const MutexLock lock(write_mutex_);
    TRAWL_ASSIGN(const auto entry, catalog_.find_namespace(identifier));
    TRAWL_TRY(drop(catalog_.collections(entry.definition->id), &entry));
  }
  remove_dropped();
  return {};
}

Result<std::vector<NamespaceId>> SqliteCorpus::deleted_namespaces() const {
  std::vector<NamespaceId> ids;
  TRAWL_ASSIGN(auto connection, readers_->pool.lease());
  TRAWL_ASSIGN(auto rows, connection->prepare("SELECT namespace_id FROM deleted_namespaces "
                                              "ORDER BY namespace_id"));
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return ids;
    ids.emplace_back(rows.string(0));
  }
}

Result<void> SqliteCorpus::forget_deleted_namespace(const NamespaceId& id) {
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(auto remove,
               writer_->prepare("DELETE FROM deleted_namespaces WHERE namespace_id = ?"));
  return remove.bind(id.str()).run();
}

Result<Collection> SqliteCorpus::create_collection(Collection wanted) {
  TRAWL_TRY(check_name("collection", wanted.name));
  TRAWL_TRY(check_features(wanted.features));
  const Waiting waiting;  // For its turn to write, and the disk.
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(const auto parent, catalog_.find_namespace(wanted.namespace_id.str()));
  wanted.namespace_id = parent.definition->id;
  if (catalog_.has_collection_name(wanted.namespace_id, wanted.name)) {
    return name_taken("collection", wanted.name);
  }
  wanted.id = CollectionId(make_random_id("col_", kIdRandomLength));
  wanted.created_at = wanted.updated_at = options_.clock->now();
  wanted.revision = 1;

  TRAWL_ASSIGN(auto transaction,
               sqlite::Transaction::begin(*writer_, sqlite::Transaction::Kind::write));
  TRAWL_ASSIGN(const std::int64_t number, insert_collection(*writer_, wanted));
  if (number > kCollectionNumberMax) {
    return make_error(
        ErrorCode::storage,
        "this data directory has had as many collections as it can; use another");
  }
  VersionHistory::Version first;
  first.written_at = wanted.created_at;
  TRAWL_ASSIGN(auto insert,
               writer_->prepare("INSERT INTO versions (collection, version, row_end, "
                                "written_at) VALUES (?, ?, ?, ?)"));
  TRAWL_TRY(insert.bind(number, first.version, first.row_end, first.written_at).run());
  const CollectionState::Options indexes = index_options(wanted.id);
  auto state = CollectionState::open(number, wanted, indexes);
  if (auto committed = state ? transaction.commit() : state.error(); !committed) {
    std::error_code ignored;  // An empty folder is left at worst.
    std::filesystem::remove_all(indexes.directory, ignored);
    return committed.error();
  }
  (*state)->history().append(first, {});
  catalog_.put(CatalogEntries::CollectionEntry{std::move(*state),
                                               std::make_shared<Collection>(wanted)});
  return wanted;
}

Result<Collection> SqliteCorpus::find_collection(const NamespaceId& namespace_id,
                                                 std::string_view identifier) const {
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(namespace_id, identifier));
  return *entry.definition;
}

Result<std::vector<Collection>> SqliteCorpus::list_collections(
    const NamespaceId& namespace_id) const {
  std::vector<Collection> all;
  for (const auto& entry : catalog_.collections(namespace_id)) {
    all.push_back(*entry.definition);
  }
  return all;
}

Result<Collection> SqliteCorpus::update_collection(
    const NamespaceId& namespace_id, std::string_view identifier,
    const std::function<Result<void>(Collection&)>& change) {
  const Waiting waiting;  // For its turn to write, and the disk.
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(namespace_id, identifier));
  Collection changed = *entry.definition;
  TRAWL_TRY(change(changed));
  TRAWL_TRY(check_name("collection", changed.name));
  if (changed.name != entry.definition->name &&
      catalog_.has_collection_name(namespace_id, changed.name)) {
    return name_taken("collection", changed.name);
  }
  TRAWL_TRY(check_same_features(entry.definition->features, changed.features));
  changed.id = entry.definition->id;
  changed.namespace_id = entry.definition->namespace_id;
  changed.created_at = entry.definition->created_at;
  changed.updated_at = now_after(entry.definition->updated_at);
  changed.revision = entry.definition->revision + 1;
  TRAWL_TRY(store_collection(*writer_, entry.state->number(), changed));
  catalog_.put(
      CatalogEntries::CollectionEntry{entry.state, std::make_shared<Collection>(changed)});
  return changed;
}

Result<void> SqliteCorpus::delete_collection(const NamespaceId& namespace_id,
                                             std::string_view identifier) {
  const Waiting waiting;  // For its turn to write, and the disk.
  {
    const MutexLock lock(write_mutex_);
    TRAWL_ASSIGN(const auto entry, catalog_.find_collection(namespace_id, identifier));
    TRAWL_TRY(drop({entry}, nullptr));
  }
  remove_dropped();
  return {};
}

Result<std::shared_ptr<const Snapshot>> SqliteCorpus::snapshot(
    const CollectionId& id, std::optional<std::uint64_t> version) const {
  TRAWL_ASSIGN(auto entry, catalog_.find_collection(id));
  auto view = entry.state->history().view(version);
  // A version may come with features of its own; the definition is there before it is.
  TRAWL_ASSIGN(auto now, catalog_.find_collection(id));
  while (now.definition != entry.definition || now.state != entry.state) {
    entry = now;
    view = entry.state->history().view(version);
    TRAWL_ASSIGN(now, catalog_.find_collection(id));
  }
  if (!view) {
    Error error = view.error();
    error.message =
        fmt::format("collection '{}': {}", entry.definition->name, error.message);
    return error;
  }
  return std::shared_ptr<const Snapshot>(std::make_shared<SqliteSnapshot>(
      readers_, entry.state, entry.definition, std::move(*view)));
}

Result<void> SqliteCorpus::ping() const {
  TRAWL_ASSIGN(auto connection, readers_->pool.lease());
  if (const auto count = connection->integer("SELECT count(*) FROM namespaces"); !count) {
    return count.error();
  }
  return {};
}

Result<void> SqliteCorpus::try_write() {
  const MutexLock lock(write_mutex_);
  return writer_->try_write();
}

}  // namespace store
}  // namespace trawl
