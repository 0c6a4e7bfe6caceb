#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/work_limit.h"
#include "corpus/score_parts.h"
#include "model/collection.h"
#include "model/field_set.h"
#include "query/filter.h"

namespace trawl {

// Which documents: those that pass all filters of one of these lists. The filters must
// outlive it.
struct Selection {
  using AllOf = std::vector<const Filter*>;

  std::vector<AllOf> any_of = {{}};  // A list without filters: every document passes.

  static Selection of(const Filter& filter) { return {{{&filter}}}; }
};

struct SearchRequest {
  std::string feature_uri;
  std::string text;            // For a bm25 feature.
  std::vector<float> vectors;  // For a dense one: one or more, one after the other.
  std::uint32_t top_k = 100;
  Selection within;
};

struct SearchHit {
  DocumentRef document = 0;
  float score = 0;
};

struct SearchResult {
  std::vector<SearchHit> hits;      // Best first; ties in the order of arrival.
  std::uint64_t scanned_count = 0;  // Postings that were scored, or vectors.
  std::size_t query_words = 0;      // Distinct words of the query.
  // Those that were searched for: an engine may stop at some number of them, so that a text
  // as long as a book cannot occupy it.
  std::size_t searched_words = 0;
};

// How many documents of a version have vectors of a feature.
struct VectorShare {
  std::uint64_t documents = 0;
  std::uint64_t with_vectors = 0;
};

// One version of one collection: what it returns never changes, whatever is written
// meanwhile, where the engine keeps versions (CorpusTraits). Calls that return a Result may
// fail with
//   not_found  the collection was deleted meanwhile, or the version is no longer kept
//   storage    the store cannot be read
// and with what `check` returns, which may be empty. Thread-safe.
class Snapshot {
 public:
  virtual ~Snapshot() = default;

  virtual const Collection& collection() const = 0;
  virtual std::uint64_t version() const = 0;
  virtual std::uint64_t document_count() const = 0;

  // Ranks documents against a text by BM25, or by how alike their vectors are to those of
  // the request (Metric; of several, as dense/dense_index.h says).
  //   not_found  the version has no such feature
  //   invalid    check_vectors() refuses the vectors
  virtual Result<SearchResult> search(const SearchRequest& request,
                                      const Checkpoint& check) const = 0;

  // Takes apart the score that a search gives a document of this version, whether or not
  // it would be among the hits: top_k and the selection do not count.
  //   not_found    the collection has no such feature
  //   internal     the document is not of this version
  //   not_enabled  the engine scores as it likes (CorpusTraits::exact_bm25)
  virtual Result<ScoreParts> explain(const SearchRequest& request, DocumentRef document,
                                     const Checkpoint& check) const;

  // What a search by vectors gives a document of this version, to the last bit, whether or
  // not it would be among the hits; nothing where it has no vectors.
  //   as search()
  //   internal     the document is not of this version
  //   not_enabled  the engine keeps no vectors
  virtual Result<std::optional<float>> similarity(const SearchRequest& request,
                                                  DocumentRef document,
                                                  const Checkpoint& check) const;
  // The vectors of a document of this version; empty where it has none.
  //   not_found    the version has no such feature
  //   internal     the document is not of this version
  //   not_enabled  the engine keeps no vectors
  virtual Result<std::vector<float>> vectors(const std::string& feature_uri,
                                             DocumentRef document) const;
  //   not_found    the version has no such feature
  //   not_enabled  the engine keeps no vectors
  virtual Result<VectorShare> vector_share(const std::string& feature_uri) const;

  // Visits documents in the order of their arrival, some at a time, until the visitor
  // returns false.
  using VisitRefs = std::function<bool(std::span<const DocumentRef>)>;
  virtual Result<void> scan(const Selection& within, const Checkpoint& check,
                            const VisitRefs& visit) const = 0;

  // Visits these documents, in the order given, with their place in it; of their fields,
  // those of the set (and whatever is as cheap to give).
  //   internal  one of them is not of this version
  using VisitDocument = std::function<void(std::size_t place, Document&& document)>;
  virtual Result<void> fetch(std::span<const DocumentRef> documents, const FieldSet& fields,
                             const Checkpoint& check, const VisitDocument& visit) const = 0;

  // As fetch() with all fields, but these as the text of a JSON object, as they are stored:
  // for who only hands them on. Valid while it is visited; false ends it.
  using VisitText = std::function<bool(std::size_t place, std::string_view document_id,
                                       std::string_view fields)>;
  virtual Result<void> fetch_text(std::span<const DocumentRef> documents,
                                  const Checkpoint& check, const VisitText& visit) const;

  // Nothing where this version has no such document.
  virtual Result<std::optional<Document>> get(const std::string& document_id) const = 0;
};

// These documents, whole, in the order given.
Result<std::vector<Document>> fetch_documents(const Snapshot& snapshot,
                                              std::span<const DocumentRef> documents,
                                              const Checkpoint& check = {});

// As Snapshot::scan(), but with the documents themselves.
Result<void> scan_documents(const Snapshot& snapshot, const Selection& within,
                            const FieldSet& fields, const Checkpoint& check,
                            const std::function<bool(Document&&)>& visit);

// All that the selection lets through, in the order of arrival.
Result<std::vector<DocumentRef>> select_documents(const Snapshot& snapshot,
                                                  const Selection& within,
                                                  const Checkpoint& check = {});

}  // namespace trawl
