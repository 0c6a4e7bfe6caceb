#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bitmap.h"
#include "base/result.h"
#include "base/work_limit.h"
#include "model/collection.h"
#include "query/filter.h"

namespace trawl {

struct ScoredRow {
  std::uint32_t row = 0;
  float score = 0;
};

struct SearchRequest {
  std::string feature_uri;
  std::string text;
  std::uint32_t top_k = 100;
  std::shared_ptr<const Bitmap> allowed;  // Rows to stay within; null for all.
};

// Distinct words of a query beyond this are ignored, so a text as long as a book
// cannot occupy a server.
inline constexpr std::size_t kQueryWordsMax = 1024;

struct SearchResult {
  std::vector<ScoredRow> rows;      // Best first; ties by row ascending.
  std::uint64_t scanned_count = 0;  // Postings that were scored.
  std::size_t query_words = 0;      // Distinct words of the query, the ignored ones too.
};

// One version of one collection: what it returns never changes, whatever is written
// meanwhile. Calls that return a Result may fail with
//   not_found  the collection was deleted meanwhile, or the version is no longer kept
//   storage    the store cannot be read
// and with what `check` returns, which may be empty. Thread-safe.
class Snapshot {
 public:
  virtual ~Snapshot() = default;

  virtual const Collection& collection() const = 0;
  virtual std::uint64_t version() const = 0;
  virtual std::uint64_t document_count() const = 0;

  // Ranks documents against a text by BM25.
  //   not_found  the collection has no such feature
  virtual Result<SearchResult> search(const SearchRequest& request,
                                      const Checkpoint& check) const = 0;

  // The rows that match; remembered for the next caller with an equal filter.
  virtual Result<std::shared_ptr<const Bitmap>> matching(const Filter& filter,
                                                         const Checkpoint& check) const = 0;

  // Visits documents in the order of their rows (the order of arrival), within `allowed`
  // if given, until the visitor returns false.
  virtual Result<void> scan(const Bitmap* allowed, const Checkpoint& check,
                            const std::function<bool(Document&&)>& visit) const = 0;

  // The documents of these rows, in the order given. Each must be a row of this version.
  virtual Result<std::vector<Document>> fetch(
      std::span<const std::uint32_t> rows) const = 0;
  // Nothing where this version has no such document.
  virtual Result<std::optional<Document>> get(const std::string& document_id) const = 0;
};

}  // namespace trawl
