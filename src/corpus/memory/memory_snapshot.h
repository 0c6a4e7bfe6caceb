#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "corpus/snapshot.h"

namespace trawl {

// Documents that never change, in the order of their arrival. It looks at all of them for
// every question, and ranks by scoring each.
class MemorySnapshot final : public Snapshot {
 public:
  using Documents = std::vector<Document>;
  // Of a document for a feature, by its place among those of the collection.
  struct Vectors {
    std::vector<float> values;
    std::optional<std::string> text;  // That a model made them of.
  };
  using AllVectors = std::map<std::pair<std::size_t, DocumentRef>, Vectors>;

  MemorySnapshot(
      std::shared_ptr<const Collection> collection, std::uint64_t version,
      std::shared_ptr<const Documents> documents,
      std::shared_ptr<const AllVectors> vectors = std::make_shared<const AllVectors>());

  const Collection& collection() const override { return *collection_; }
  std::uint64_t version() const override { return version_; }
  std::uint64_t document_count() const override { return documents_->size(); }
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
  Result<void> fetch(std::span<const DocumentRef> documents, const FieldSet& fields,
                     const Checkpoint& check, const VisitDocument& visit) const override;
  Result<std::optional<Document>> get(const std::string& document_id) const override;

 private:
  Error not_here(DocumentRef document) const;
  bool passes(const Document& document, const Selection& within) const;

  // The place of a dense feature among those of the collection.
  Result<std::size_t> find_dense(const std::string& uri) const;
  Result<SearchResult> search_vectors(std::size_t feature, const SearchRequest& request,
                                      const Checkpoint& check) const;

  const std::shared_ptr<const Collection> whole_;  // With the features of all versions.
  std::shared_ptr<const Collection> collection_;   // With those of this one.
  const std::uint64_t version_;
  const std::shared_ptr<const Documents> documents_;
  const std::shared_ptr<const AllVectors> vectors_;
};

}  // namespace trawl
