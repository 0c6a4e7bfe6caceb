// Vectors of documents: whatever the bytes, the answer is vectors that the feature can
// have, or an error that says where; and what is shown reads back as the same.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "api/documents/document_json.h"
#include "api/documents/document_vectors.h"
#include "base/json.h"
#include "corpus/vector_check.h"
#include "corpus/vector_json.h"

namespace {

using trawl::Feature;

trawl::Collection make_collection() {
  trawl::Collection collection;
  collection.name = "c";
  for (const auto metric : {trawl::Metric::cosine, trawl::Metric::dot, trawl::Metric::l2}) {
    Feature feature;
    feature.uri = std::string(1, static_cast<char>('a' + static_cast<int>(metric)));
    feature.kind = Feature::Kind::dense;
    feature.dimension = 1 + static_cast<std::uint32_t>(metric);
    feature.metric = metric;
    collection.features.push_back(feature);
  }
  return collection;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const trawl::NamedVectors& one, const trawl::Collection& collection) {
  const Feature* feature = trawl::api::find_dense_feature(collection, one.feature_uri);
  require(feature != nullptr && !one.values.empty());
  require(trawl::check_vectors(one.values, feature->dimension, feature->metric, "v")
              .has_value());
  const auto shown = trawl::vectors_json(one.values, feature->dimension);
  const auto again = trawl::parse_vectors(shown, feature->dimension, "v");
  require(again.has_value() && again->size() == one.values.size());
  require(std::memcmp(again->data(), one.values.data(),
                      one.values.size() * sizeof(float)) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const trawl::Collection kCollection = make_collection();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto body = trawl::parse_json(text);
  if (!body) return 0;
  for (const std::uint32_t dimension : {1u, 3u}) {
    const auto vectors = trawl::parse_vectors(*body, dimension, "v");
    if (vectors) require(vectors->size() % dimension == 0);
    if (!vectors) require(vectors.error().location.starts_with("v"));
  }
  if (!body->is_object()) return 0;
  const auto document = trawl::api::read_document(body->get_object(), kCollection, {});
  if (!document) {
    require(!document.error().message.empty());
    return 0;
  }
  require(!document->fields.contains("vectors"));
  for (const auto& one : document->vectors) check(one, kCollection);
  (void)trawl::api::read_update(body->get_object(), kCollection, "u");
  return 0;
}
