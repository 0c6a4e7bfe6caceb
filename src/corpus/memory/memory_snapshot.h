#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "corpus/snapshot.h"

namespace trawl {

// Documents that never change, in the order of their arrival. It looks at all of them for
// every question, and ranks by scoring each.
class MemorySnapshot final : public Snapshot {
 public:
  using Documents = std::vector<Document>;

  MemorySnapshot(std::shared_ptr<const Collection> collection, std::uint64_t version,
                 std::shared_ptr<const Documents> documents);

  const Collection& collection() const override { return *collection_; }
  std::uint64_t version() const override { return version_; }
  std::uint64_t document_count() const override { return documents_->size(); }
  Result<SearchResult> search(const SearchRequest& request,
                              const Checkpoint& check) const override;
  Result<void> scan(const Selection& within, const Checkpoint& check,
                    const VisitRefs& visit) const override;
  Result<void> fetch(std::span<const DocumentRef> documents, const FieldSet& fields,
                     const Checkpoint& check, const VisitDocument& visit) const override;
  Result<std::optional<Document>> get(const std::string& document_id) const override;

 private:
  bool passes(const Document& document, const Selection& within) const;

  const std::shared_ptr<const Collection> collection_;
  const std::uint64_t version_;
  const std::shared_ptr<const Documents> documents_;
};

}  // namespace trawl
