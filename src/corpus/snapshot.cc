#include "corpus/snapshot.h"

#include <utility>

namespace trawl {

Result<std::vector<Document>> fetch_documents(const Snapshot& snapshot,
                                              std::span<const DocumentRef> documents,
                                              const Checkpoint& check) {
  std::vector<Document> out(documents.size());
  TRAWL_TRY(snapshot.fetch(
      documents, FieldSet::all(), check,
      [&](std::size_t place, Document&& document) { out[place] = std::move(document); }));
  return out;
}

Result<void> scan_documents(const Snapshot& snapshot, const Selection& within,
                            const FieldSet& fields, const Checkpoint& check,
                            const std::function<bool(Document&&)>& visit) {
  Result<void> fetched;
  bool more = true;
  TRAWL_TRY(
      snapshot.scan(within, check, [&](std::span<const DocumentRef> documents) -> bool {
        fetched =
            snapshot.fetch(documents, fields, check, [&](std::size_t, Document&& document) {
              if (more) more = visit(std::move(document));
            });
        return fetched && more;
      }));
  return fetched;
}

Result<std::vector<DocumentRef>> select_documents(const Snapshot& snapshot,
                                                  const Selection& within,
                                                  const Checkpoint& check) {
  std::vector<DocumentRef> out;
  TRAWL_TRY(
      snapshot.scan(within, check, [&](std::span<const DocumentRef> documents) -> bool {
        out.insert(out.end(), documents.begin(), documents.end());
        return true;
      }));
  return out;
}

}  // namespace trawl
