#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/strong_id.h"

namespace trawl {

struct Namespace {
  NamespaceId id;
  std::string name;
  TimeUs created_at = 0;
  TimeUs updated_at = 0;
  std::uint64_t revision = 1;  // Greater after each change.
  // description, feature_extractors, payload_indexes, … as the client gave them.
  json::object definition;
};

// One field that a bm25 feature indexes. A term found in it counts weight times.
struct FeatureField {
  std::string path;
  std::uint32_t weight = 1;  // 1..10

  bool operator==(const FeatureField&) const = default;
};

inline constexpr std::uint32_t kDimensionMax = 4096;

// How alike two vectors are: the cosine of their angle, their dot product, or
// 1 / (1 + their Euclidean distance).
enum class Metric { cosine, dot, l2 };

// What makes vectors of texts: equal ones give vectors that can be compared, and no others
// do. Kept with a feature as it was when its vectors were made.
struct EmbeddingModel {
  std::string provider;  // Who is asked, as the configuration names it.
  std::string name;      // "all-MiniLM-L6-v2"
  std::string revision;  // A digest of what is built in; of others, what they call it.
  std::uint32_t dimension = 0;
  bool normalized = true;  // Vectors have the length 1.
  std::string
      query_prefix;  // Stands before each query, and before each text that is stored.
  std::string passage_prefix;

  bool operator==(const EmbeddingModel&) const = default;
};

// Something that stages can search by, under the URI chosen when the collection was made.
struct Feature {
  enum class Kind { bm25, dense };
  std::string uri;  // scheme://extractor@version/output
  Kind kind = Kind::bm25;
  // Indexed fields; empty means every string anywhere in the document.
  std::vector<FeatureField> fields;
  std::string language;  // Of bm25: Snowball stemmer ("english"), or empty for none.

  // Of dense alone.
  std::uint32_t dimension = 0;
  Metric metric = Metric::cosine;
  // What makes the vectors from the fields; nothing where they come with the documents.
  std::optional<EmbeddingModel> model;
  // Versions of the collection in which stages can search it: [since, until). One that is
  // added later, or whose model changes, begins when all documents have vectors.
  std::uint64_t since = 0;
  std::uint64_t until = kForever;

  static constexpr std::uint64_t kForever = ~std::uint64_t{0};
  bool serves(std::uint64_t version) const { return since <= version && version < until; }

  bool operator==(const Feature&) const = default;
};

// In the definition of a collection: the URIs of features for which nothing is embedded for
// now.
inline constexpr char kPausedFeatures[] = "paused_features";

struct Collection {
  CollectionId id;
  NamespaceId namespace_id;
  std::string name;
  std::vector<Feature> features;
  TimeUs created_at = 0;
  TimeUs updated_at = 0;
  std::uint64_t revision = 1;  // Of the definition: greater after each change.
  // description, source, feature_extractor, metadata, … as the client gave them, with
  // defaults filled in.
  json::object definition;
};

// A state of a document among those of its collection: a number that means something to the
// corpus that gave it, while it runs, and to nobody else. Greater ones arrived later.
using DocumentRef = std::uint32_t;

// A document as one version of its collection holds it.
struct Document {
  DocumentRef ref = 0;
  std::string document_id;
  TimeUs created_at = 0;
  TimeUs updated_at = 0;
  json::object fields;  // User fields only.
  // Of the fields as they are stored: equal where they are. 0: not known.
  std::uint64_t content_hash = 0;
};

}  // namespace trawl
