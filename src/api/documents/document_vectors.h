#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "corpus/corpus.h"
#include "model/collection.h"

namespace trawl::api {

// The dense feature that new vectors belong to: of those of one URI, the newest. Its URI
// may be shortened to the last part of it (`embedding`), or have underscores in the place
// of all other marks (`text_extractor_v1_embedding`), where only one is called so. nullptr
// where the collection has none.
const Feature* find_dense_feature(const Collection& collection, std::string_view name);

// What the member `vectors` of a document is to a collection.
enum class VectorsMember {
  field,    // A field like any other.
  taken,    // {URI: vectors}, of features without a model.
  ignored,  // What the server gave, sent back: its features make their vectors themselves.
};
VectorsMember vectors_member(const Collection& collection, const json::object& document);
// Whether `_vectors` is the server's: the collection has dense features.
bool has_dense_features(const Collection& collection);

// Reads the member `vectors` of a document; none where it has none, or it is a field, which
// may not name a feature whose vectors a model makes. Of documents that this server gave
// (they have `_vectors`), those that a model makes are left out.
//   invalid  at LOCATION.vectors or in it: what parse_vectors() and check_vectors() refuse,
//            or no feature of the collection takes vectors under the name
Result<std::vector<NamedVectors>> read_document_vectors(const json::object& document,
                                                        const Collection& collection,
                                                        const std::string& location);

// What a reply says of the vectors of a document: `_vectors`, the features that it has
// vectors of, and with `values` `vectors`, which are those of all or of these features.
struct ShownVectors {
  bool values = false;
  std::vector<std::string> only = {};  // As find_dense_feature() has it; empty: all.
};
// As clients ask for them: `return_vectors`, and a list of `return_vector_names`.
ShownVectors asked_vectors(bool return_vectors, std::vector<std::string> names);
// Adds that to a document of a snapshot; nothing where its collection has no dense feature.
//   errors of Snapshot::vectors()
Result<void> show_vectors(const Snapshot& snapshot, DocumentRef document,
                          const ShownVectors& shown, json::object& out);

}  // namespace trawl::api
