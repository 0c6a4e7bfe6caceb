#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/object_reader.h"
#include "query/filter.h"
#include "stages/reduce/facets.h"
#include "stages/reduce/grouping.h"
#include "stages/source/collection_scope.h"
#include "stages/source/fusion.h"

namespace trawl {

// The JSON Schema of the parameters.
extern const std::string_view kFeatureSearchSchema;

inline constexpr std::int64_t kTopKMax = 5000;
inline constexpr std::int64_t kFinalTopKMax = 5000;

enum class OnEmpty { error, skip, random };

// What a search looks by.
enum class SearchBy {
  both,  // By words and, where the collections have vectors of a model, by these.
  words,
  vectors,
};

// The document whose vectors are looked for.
struct DocumentReference {
  std::string collection;  // Name or id; empty for one of those that are searched.
  std::string document_id;
};

// One of the searches of a feature_search stage.
struct SearchSpec {
  std::string location;
  std::size_t source = 0;    // Its place among those that were sent.
  std::string feature_uri;   // Empty for what the collections have.
  bool uri_unknown = false;  // A template stands for it.
  // What it looks for: a text, vectors, or those of a document.
  std::string text;
  bool as_written = false;        // The text is embedded without the prefix of queries.
  std::vector<float> vectors;     // One or more, one after the other,
  std::size_t vector_length = 0;  // of so many values each.
  std::string vectors_location;
  std::optional<DocumentReference> document;
  bool query_unknown = false;  // A template stands for vectors or a document.
  bool empty = false;          // The query resolves to nothing.
  // As it was sent; once it is bound it is never `both`.
  SearchBy by = SearchBy::both;
  bool says_dense = false;  // `lexical: false` was sent.
  bool optional = false;    // Left out where there are no vectors.
  OnEmpty on_empty = OnEmpty::error;
  std::uint32_t top_k = 100;
  std::optional<double> min_score;
  double weight = 1;
  CollectionScope scope;
  std::vector<Filter> filters;

  bool takes_vectors() const { return !vectors.empty() || document || query_unknown; }
};

// The score under which min_score drops what a search found. Scores by words have no upper
// bound, so it is a part of the best one; likeness has.
inline double score_floor(const SearchSpec& spec, double best) {
  return spec.by == SearchBy::vectors ? *spec.min_score : *spec.min_score * best;
}

struct SearchGrouping {
  std::string field;
  std::size_t max_per_group = 1;
  std::size_t limit = 25;
  GroupOutput output_mode = GroupOutput::all;
};

struct FeatureSearchParameters {
  std::string location;
  std::vector<SearchSpec> searches;  // Empty: documents in the order of their arrival.
  std::size_t final_top_k = 25;
  Fusion fusion = Fusion::convex;
  double dense_weight = 0.5;  // Of the vectors, where one search looks by both.
  CollectionScope scope;
  std::vector<Filter> filters;
  std::vector<FacetField> facets;
  std::optional<SearchGrouping> group_by;
  std::optional<std::int64_t> seed;  // Of the documents that on_empty takes at random.
  bool may_be_cached = true;
  std::optional<std::string> query_text;  // For a summary.
  std::vector<std::string> warnings;
  json::array limits;  // That were lowered (StageOutput::metadata).
};

// Reads them in all the shapes that clients send: a list of searches, feature_uris, or one
// search spelled out beside the other parameters.
//   invalid      with the location of the value
//   not_enabled  a query by content
Result<FeatureSearchParameters> read_feature_search(ObjectReader& in);

}  // namespace trawl
