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

// Something that stages can search by, under the URI chosen when the collection was made.
struct Feature {
  enum class Kind { bm25 };
  std::string uri;  // scheme://extractor@version/output
  Kind kind = Kind::bm25;
  // Indexed fields; empty means every string anywhere in the document.
  std::vector<FeatureField> fields;
  std::string language;  // Snowball stemmer ("english"), or empty for none.

  bool operator==(const Feature&) const = default;
};

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
