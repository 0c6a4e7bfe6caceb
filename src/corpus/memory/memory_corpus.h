#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "corpus/memory/memory_snapshot.h"

namespace trawl {

// Collections in plain vectors, lost when the process ends. Every version is kept whole and
// forever, and every question is answered by looking at everything, so it is easy to
// believe: tests hold the other engines against it. Thread-safe.
class MemoryCorpus : public Catalog, public Corpus {
 public:
  explicit MemoryCorpus(const Clock& clock = system_clock()) : clock_(clock) {}

  // memory_catalog.cc
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

  // memory_vectors.cc
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

  // memory_corpus.cc
  CorpusTraits traits() const override { return {}; }
  Result<std::shared_ptr<const Snapshot>> snapshot(
      const CollectionId& id, std::optional<std::uint64_t> version) const override;
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
  Result<TimeUs> version_time(const CollectionId& id, std::uint64_t version) const override;
  Result<std::uint64_t> version_at(const CollectionId& id, TimeUs time) const override;
  Result<void> ping() const override { return {}; }

 private:
  using Documents = MemorySnapshot::Documents;
  using AllVectors = MemorySnapshot::AllVectors;
  struct Kept {
    std::shared_ptr<const Collection> definition;
    std::vector<std::shared_ptr<const Documents>> versions;  // By number.
    std::vector<std::shared_ptr<const AllVectors>> vectors;  // Likewise.
    DocumentRef next_ref = 0;
    TimeUs written_at = 0;
    std::vector<TimeUs> times;  // Of the versions.
  };
  enum class Existing { replaced, refused };
  // A collection as a write finds it, and what it makes of it.
  struct Draft {
    Kept kept;
    Documents documents;
    AllVectors vectors;
    TimeUs now = 0;
  };

  Result<Kept> find_kept(const CollectionId& id) const;
  Result<Draft> begin(const CollectionId& id) const;
  // Whether a document keeps the vectors that its older state was given.
  enum class Given { kept, lost };
  // Puts a document at the end, and takes out an older state of it.
  void place(Draft& draft, const std::string& document_id, json::object fields,
             Given given) const;
  static void carry_vectors(Draft& draft, const Document& before, const Document& after,
                            Given given);
  static Result<AllVectors> given_vectors(const Collection& definition,
                                          std::span<const NamedVectors> vectors,
                                          const std::string& location);
  Result<std::size_t> find_newest(const Collection& definition, std::string_view uri) const;
  void commit(const CollectionId& id, Draft draft);
  Result<std::vector<DocumentOutcome>> write(const CollectionId& id,
                                             std::vector<DocumentWrite> documents,
                                             Existing existing, Atomic atomic);

  const Clock& clock_;
  // Held by a write from its beginning, so that its `change` may read; taken first.
  Mutex write_mutex_;
  mutable Mutex mutex_;
  // Oldest first.
  std::vector<Namespace> namespaces_ TRAWL_GUARDED_BY(mutex_);
  std::vector<Kept> collections_ TRAWL_GUARDED_BY(mutex_);
  std::set<NamespaceId> deleted_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl
