#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "corpus/store/catalog_entries.h"
#include "corpus/store/sqlite_corpus.h"
#include "corpus/store/sqlite_snapshot.h"

namespace trawl::store {

// The corpus of open_corpus(). Locks are taken in this order: write_mutex_, then the
// entries', then a history's. Readers take only the latter two, briefly.
class SqliteCorpus final : public EmbeddedCorpus {
 public:
  static Result<std::unique_ptr<SqliteCorpus>> open(CorpusOptions options);
  ~SqliteCorpus() override;

  CorpusTraits traits() const override { return {}; }

  // Namespaces and collections: sqlite_corpus.cc.
  Result<Namespace> create_namespace(Namespace wanted) override;
  Result<Namespace> find_namespace(std::string_view identifier) const override;
  Result<std::uint64_t> namespace_revision(const NamespaceId& id) const override;
  Result<std::vector<Namespace>> list_namespaces() const override;
  Result<Namespace> update_namespace(
      std::string_view identifier,
      const std::function<Result<void>(Namespace&)>& change) override;
  Result<void> delete_namespace(std::string_view identifier) override;
  Result<std::vector<NamespaceId>> deleted_namespaces() const override;
  Result<void> forget_deleted_namespace(const NamespaceId& id) override;
  Result<Collection> create_collection(Collection wanted) override;
  Result<Collection> find_collection(const NamespaceId& namespace_id,
                                     std::string_view identifier) const override;
  Result<std::vector<Collection>> list_collections(
      const NamespaceId& namespace_id) const override;
  Result<Collection> update_collection(
      const NamespaceId& namespace_id, std::string_view identifier,
      const std::function<Result<void>(Collection&)>& change) override;
  Result<void> delete_collection(const NamespaceId& namespace_id,
                                 std::string_view identifier) override;
  Result<std::shared_ptr<const Snapshot>> snapshot(
      const CollectionId& id, std::optional<std::uint64_t> version) const override;
  Result<void> ping() const override;
  Result<void> try_write() override;

  // Documents: sqlite_corpus_documents.cc.
  Result<std::vector<DocumentOutcome>> put(const CollectionId& id,
                                           std::vector<DocumentWrite> documents,
                                           Atomic atomic) override;
  Result<std::vector<DocumentOutcome>> insert(const CollectionId& id,
                                              std::vector<DocumentWrite> documents,
                                              Atomic atomic) override;
  Result<Document> update(const CollectionId& id, const std::string& document_id,
                          const ChangeDocument& change) override;
  Result<std::vector<bool>> update_many(const CollectionId& id,
                                        std::span<const std::string> document_ids,
                                        const ChangeDocuments& change) override;
  Result<std::vector<DocumentOutcome>> remove(
      const CollectionId& id, std::span<const std::string> document_ids) override;

  // Vectors that models make: sqlite_corpus_vectors.cc.
  Result<Collection> add_feature(const NamespaceId& namespace_id,
                                 std::string_view identifier, Feature feature) override;
  Result<std::vector<AwaitedVectors>> awaited_vectors(const CollectionId& id,
                                                      const std::string& feature_uri,
                                                      std::optional<DocumentRef> after,
                                                      std::size_t count) const override;
  Result<void> put_vectors(const CollectionId& id, const std::string& feature_uri,
                           std::vector<ArrivedVectors> arrived) override;
  Result<VectorProgress> vector_progress(const CollectionId& id,
                                         const std::string& feature_uri) const override;

  // Removal of what no version needs: sqlite_corpus_vacuum.cc, sqlite_corpus_tidy.cc.
  Result<VacuumReport> vacuum(const VacuumRequest& request) override;
  Result<KeptVersions> kept_versions(const CollectionId& id) const override;
  Result<TimeUs> version_time(const CollectionId& id, std::uint64_t version) const override;
  Result<std::uint64_t> version_at(const CollectionId& id, TimeUs time) const override;
  Result<std::optional<VersionCut>> cut_of(const CollectionId& id,
                                           std::uint64_t version) const override;

 private:
  // A row to be added by a write.
  struct NewRow {
    std::string document_id;
    json::object fields;
    std::string payload;               // `fields` as text.
    std::optional<TimeUs> created_at;  // Of the row it replaces.
    // That it was given, and those of the row it replaces that stay true; each has no place
    // yet.
    std::vector<CollectionState::Arrival> vectors;
  };
  // What a write does to a collection.
  struct Change {
    std::vector<NewRow> added;
    std::vector<std::uint32_t> superseded;          // Places.
    std::vector<CollectionState::Arrival> arrived;  // For documents that are there.
    // Of the collection, where they change with this version (serves()).
    std::shared_ptr<const Collection> definition;
  };
  enum class Existing { replaced, refused };

  SqliteCorpus(CorpusOptions options, std::unique_ptr<sqlite::Connection> writer);

  Result<void> load();
  CollectionState::Options index_options(const CollectionId& id) const;
  // Time that never steps back, so that versions are in the order of their times.
  TimeUs now_after(TimeUs earlier) const;

  Result<std::vector<DocumentOutcome>> write(const CollectionId& id,
                                             std::vector<DocumentWrite> documents,
                                             Existing existing, Atomic atomic);
  // Removes the rows of dropped collections, a piece at a time. What fails is logged and
  // done by a later call.
  void remove_dropped();
  Result<bool> remove_dropped_piece();
  // Removes some rows of the collection that were superseded no later than `until`, and in
  // no version after `last`; returns how many, 0 when none are left.
  struct Until {
    TimeUs time = 0;
    std::uint64_t last = 0;
    TimeUs now = 0;
    bool for_room = false;
  };
  Result<std::uint64_t> vacuum_piece(CollectionState& state, const Until& until)
      TRAWL_REQUIRES(vacuum_mutex_);
  // About what the replaced and deleted documents of a collection take.
  Result<std::uint64_t> superseded_bytes(const CollectionState& state) const;
  // About what these rows take.
  Result<std::uint64_t> bytes_of(const CollectionState& state,
                                 const std::vector<std::uint32_t>& rows) const;
  Result<void> remove_for_room(const VacuumRequest& request, TimeUs until,
                               VacuumReport& report) TRAWL_REQUIRES(vacuum_mutex_);
  Result<std::optional<VersionCut>> find_cut(std::int64_t collection,
                                             std::string_view select,
                                             std::uint64_t version) const;
  // Takes the words of removed rows out of the collection's indexes: at once, or when it
  // has rested for long enough.
  Result<void> tidy_indexes(const CatalogEntries::CollectionEntry& entry)
      TRAWL_REQUIRES(vacuum_mutex_);
  // Numbers the rows of a collection anew, so that those that are gone cost nothing.
  Result<void> renumber(const CollectionId& id) TRAWL_REQUIRES(vacuum_mutex_);
  // Makes the file smaller where much of it is free.
  Result<void> return_pages();
  // What was deleted is overwritten in the file, but the log keeps old pages.
  void empty_log();

  // The vectors that a document was given, for the features of the collection.
  //   invalid  at `location`: there is no such feature, or they are not its vectors
  static Result<std::vector<CollectionState::Arrival>> given_vectors(
      const Collection& definition, std::vector<NamedVectors> vectors,
      const std::string& location);
  // Adds the vectors of the row that this one replaces that are still true: those that a
  // model made of the same text, and where it is only changed, those that it was given.
  enum class Given { kept, lost };
  Result<void> carry_vectors(const CatalogEntries::CollectionEntry& entry,
                             std::uint32_t before, Given given, NewRow& row)
      TRAWL_REQUIRES(write_mutex_);
  // How many living documents have no vectors of a feature yet, where `settled` do.
  static std::optional<std::uint32_t> first_awaited(const VersionView& view,
                                                    const Bitmap& settled);
  static std::uint64_t count_awaited(const VersionView& view, const Bitmap& settled);

  // The living row of a document, if it has one.
  Result<std::optional<FoundRow>> find_living(const CollectionState& state,
                                              std::string_view document_id)
      TRAWL_REQUIRES(write_mutex_);
  Result<std::optional<Document>> read_living(const CollectionState& state,
                                              std::string_view document_id)
      TRAWL_REQUIRES(write_mutex_);
  // Commits a new version of the collection, indexes and publishes it.
  Result<VersionHistory::Version> commit(const CatalogEntries::CollectionEntry& entry,
                                         Change& change) TRAWL_REQUIRES(write_mutex_);
  Result<void> commit_tables(const CollectionState& state, const Change& change,
                             std::uint32_t first_place, const VersionHistory::Version& next)
      TRAWL_REQUIRES(write_mutex_);

  // Takes collections out of the catalog and its tables.
  Result<void> drop(const std::vector<CatalogEntries::CollectionEntry>& entries,
                    const CatalogEntries::NamespaceEntry* with_namespace)
      TRAWL_REQUIRES(write_mutex_);

  const CorpusOptions options_;
  const std::shared_ptr<SharedReaders> readers_;
  CatalogEntries catalog_;
  // One connection writes, readers have their own.
  Mutex write_mutex_;
  const std::unique_ptr<sqlite::Connection> writer_ TRAWL_PT_GUARDED_BY(write_mutex_);

  // What vacuum() knows of a collection.
  struct Tidying {
    bool is_noted = false;     // In `forgetting`: words of removed rows may be left.
    std::int64_t next_us = 0;  // When the indexes may be rewritten.
  };
  mutable Mutex kept_mutex_;
  // What so many superseded rows of a collection take, about.
  struct SupersededBytes {
    std::size_t rows = 0;
    std::uint64_t bytes = 0;
  };
  // By number of the collection, as they were last measured.
  mutable std::unordered_map<std::int64_t, SupersededBytes> superseded_bytes_
      TRAWL_GUARDED_BY(kept_mutex_);
  Mutex vacuum_mutex_;  // Held by vacuum(); taken before write_mutex_.
  // By number.
  std::unordered_map<std::int64_t, Tidying> tidying_ TRAWL_GUARDED_BY(vacuum_mutex_);
};

}  // namespace trawl::store
