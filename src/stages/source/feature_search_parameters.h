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

inline constexpr std::int64_t kTopKMax = 1000;
inline constexpr std::int64_t kFinalTopKMax = 500;

enum class OnEmpty { error, skip, random };

// One of the searches of a feature_search stage.
struct SearchSpec {
  std::string location;
  std::string feature_uri;   // Empty for the only feature of a collection.
  bool uri_unknown = false;  // A template stands for it.
  std::string text;
  bool empty = false;  // The query resolves to nothing.
  OnEmpty on_empty = OnEmpty::error;
  std::uint32_t top_k = 100;
  std::optional<double> min_score;
  double weight = 1;
  CollectionScope scope;
  std::vector<Filter> filters;
};

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
  Fusion fusion = Fusion::rrf;
  CollectionScope scope;
  std::vector<Filter> filters;
  std::vector<FacetField> facets;
  std::optional<SearchGrouping> group_by;
  std::optional<std::int64_t> seed;  // Of the documents that on_empty takes at random.
  bool may_be_cached = true;
  std::optional<std::string> query_text;  // For a summary.
  std::vector<std::string> warnings;
};

// Reads them in all the shapes that clients send: a list of searches, feature_uris, or one
// search spelled out beside the other parameters.
//   invalid      with the location of the value
//   not_enabled  a query by content, document or vector
Result<FeatureSearchParameters> read_feature_search(ObjectReader& in);

}  // namespace trawl
