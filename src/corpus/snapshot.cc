#include "corpus/snapshot.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace trawl {

Result<ScoreParts> Snapshot::explain(const SearchRequest& /*request*/,
                                     DocumentRef /*document*/,
                                     const Checkpoint& /*check*/) const {
  return make_error(ErrorCode::not_enabled,
                    "the engine of the corpus does not say what its scores are made of");
}

Result<std::optional<float>> Snapshot::similarity(const SearchRequest&, DocumentRef,
                                                  const Checkpoint&) const {
  return make_error(ErrorCode::not_enabled, "this corpus keeps no vectors");
}

Result<std::vector<float>> Snapshot::vectors(const std::string&, DocumentRef) const {
  return make_error(ErrorCode::not_enabled, "this corpus keeps no vectors");
}

Result<VectorShare> Snapshot::vector_share(const std::string&) const {
  return make_error(ErrorCode::not_enabled, "this corpus keeps no vectors");
}

Result<void> Snapshot::fetch_text(std::span<const DocumentRef> documents,
                                  const Checkpoint& check, const VisitText& visit) const {
  constexpr std::size_t kDocumentsAtOnce = 32;
  std::string text;
  bool more = true;
  for (std::size_t begin = 0; more && begin < documents.size(); begin += kDocumentsAtOnce) {
    const auto some =
        documents.subspan(begin, std::min(kDocumentsAtOnce, documents.size() - begin));
    TRAWL_TRY(
        fetch(some, FieldSet::all(), check, [&](std::size_t place, Document&& document) {
          if (!more) return;
          text.clear();
          append_json(text, document.fields);
          more = visit(begin + place, document.document_id, text);
        }));
  }
  return {};
}

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
