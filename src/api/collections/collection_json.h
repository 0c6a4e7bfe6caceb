#pragma once

#include "api/collections/feature_json.h"
#include "api/wire/request_shape.h"
#include "base/object_reader.h"
#include "corpus/corpus.h"
#include "embedding/embedding_queue.h"
#include "model/collection.h"

namespace trawl::api {

// Reads a create request: a name, and features or, as clients of the hosted product send,
// a feature_extractor whose input_mappings name the text fields. A collection for which
// nothing is described gets a bm25 feature over every string of its documents, and where
// there is a default model, a dense one that it makes of the same.
//   invalid      with the location of the value
//   not_enabled  a feature names a model that is not there
Result<Collection> read_new_collection(ObjectReader& in, const Embedders& embedders,
                                       const std::optional<EmbeddingModel>& default_model);
// The members that it reads, and those that patch_collection() does.
ObjectShape new_collection_shape();
ObjectShape collection_patch_shape();

// Applies a PATCH body: name, description, metadata, enabled and other descriptions.
//   invalid  features and sources cannot be changed; or a value is not of its type
Result<void> patch_collection(const json::object& body, Collection& collection);

// The contract's CollectionResponse, with the newest version's count of documents.
//   not_found  it was deleted meanwhile
Result<json::object> collection_json(const Corpus& corpus, const EmbeddingQueue& embedding,
                                     const Collection& collection);

}  // namespace trawl::api
