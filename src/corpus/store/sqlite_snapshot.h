#pragma once

#include <memory>
#include <utility>

#include "corpus/snapshot.h"
#include "corpus/store/collection_state.h"
#include "corpus/store/document_table.h"
#include "corpus/store/filter_cache.h"
#include "runtime/single_flight.h"
#include "sqlite/connection.h"

namespace trawl::store {

// What the snapshots of a corpus share. They may outlive it.
struct SharedReaders {
  SharedReaders(std::string path, sqlite::OpenOptions options,
                std::size_t filter_cache_bytes)
      : pool(std::move(path), std::move(options)), filters(filter_cache_bytes) {}
  sqlite::ReaderPool pool;
  FilterCache filters;
  SingleFlight<FilterCache::Entry> filtering;  // What is on its way into them.
};

class SqliteSnapshot final : public Snapshot {
 public:
  SqliteSnapshot(std::shared_ptr<SharedReaders> readers,
                 std::shared_ptr<const CollectionState> state,
                 std::shared_ptr<const Collection> definition,
                 std::shared_ptr<const VersionView> view);

  const Collection& collection() const override { return *definition_; }
  std::uint64_t version() const override { return view_->version; }
  std::uint64_t document_count() const override { return view_->document_count; }

  Result<SearchResult> search(const SearchRequest& request,
                              const Checkpoint& check) const override;
  Result<ScoreParts> explain(const SearchRequest& request, DocumentRef document,
                             const Checkpoint& check) const override;
  Result<std::optional<float>> similarity(const SearchRequest& request,
                                          DocumentRef document,
                                          const Checkpoint& check) const override;
  Result<std::vector<float>> vectors(const std::string& feature_uri,
                                     DocumentRef document) const override;
  Result<VectorShare> vector_share(const std::string& feature_uri) const override;
  Result<void> scan(const Selection& within, const Checkpoint& check,
                    const VisitRefs& visit) const override;
  Result<void> fetch_text(std::span<const DocumentRef> documents, const Checkpoint& check,
                          const VisitText& visit) const override;
  Result<void> fetch(std::span<const DocumentRef> documents, const FieldSet& fields,
                     const Checkpoint& check, const VisitDocument& visit) const override;
  Result<std::optional<Document>> get(const std::string& document_id) const override;

 private:
  using Visit = std::function<Result<void>(const RawDocument&)>;
  using Rows = std::shared_ptr<const Bitmap>;  // Null for all rows.

  // The place of a feature among those of the collection.
  //   not_found
  Result<std::size_t> find_feature(const std::string& uri) const;
  // The same, of a dense one.
  Result<std::size_t> find_dense(const std::string& uri) const;
  Result<void> check_query(std::size_t feature, const SearchRequest& request) const;
  // All that this version sees.
  dense::VectorView vector_view() const;
  Result<SearchResult> search_vectors(std::size_t feature, const SearchRequest& request,
                                      const Checkpoint& check) const;
  // The row of a document.
  //   internal  this version does not see it
  Result<std::uint32_t> seen_row(DocumentRef document) const;

  // The rows that a selection lets through.
  Result<Rows> rows_of(const Selection& within, const Checkpoint& check) const;
  // Those that pass a filter; remembered for the next caller with an equal one, and found
  // once for several at the same time.
  Result<Rows> matching(const Filter& filter, const Checkpoint& check) const;
  // The same by reading the documents, but for what is known of an earlier version.
  Result<Rows> find_matching(const Filter& filter,
                             const std::optional<FilterCache::Entry>& known,
                             const Checkpoint& check) const;

  // Visits the rows from `begin` on that this version sees, until an error.
  Result<void> visit_living(std::uint32_t begin, const Checkpoint& check,
                            const Visit& visit) const;
  // Those, in the order given; with an error where this version does not see one.
  Result<void> visit_all(std::span<const DocumentRef> documents, const Checkpoint& check,
                         const Visit& visit) const;
  // Some of them, at one time.
  Result<void> visit_chunk(sqlite::Connection& connection,
                           std::span<const DocumentRef> places, const Visit& visit) const;
  // Whether what this version sees is still stored.
  //   not_found  the collection was deleted, or the version vacuumed
  Result<void> check_kept() const;
  // Why a row that this version sees is not in the table.
  Error missing_row(DocumentRef place) const;

  const std::shared_ptr<SharedReaders> readers_;
  const std::shared_ptr<const CollectionState> state_;
  const std::shared_ptr<const Collection> whole_;  // With the features of all versions.
  std::shared_ptr<const Collection> definition_;   // With those of this one.
  const std::shared_ptr<const VersionView> view_;
};

}  // namespace trawl::store
