#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/request_shape.h"
#include "base/object_reader.h"
#include "embedding/embedding_queue.h"
#include "model/collection.h"
#include "providers/embedders.h"

namespace trawl::api {

// Of a collection.
inline constexpr std::size_t kFeaturesMax = 16;

// The URIs of the features that a collection gets when the client describes none: by words,
// and where the server has a default model, by what it makes of them.
inline constexpr std::string_view kDefaultFeatureUri = "trawl://bm25@v1/text";
inline constexpr std::string_view kDefaultDenseUri = "trawl://dense@v1/text";

// scheme://extractor@version/output, but any text without spaces is accepted: requests
// written elsewhere must resolve. Dense features may have a plain name.
void check_feature_uri(ObjectReader& in, const Feature& feature);

// {"type", "feature_uri", …}, for reading and for the description.
const ObjectShape& feature_shape();

// Reads a feature, which is described by an object, by its URI alone, or by the name of a
// model of the server. `location` is that of the value.
//   invalid      with the location of the value
//   not_enabled  it names a model that is not there
Result<Feature> read_feature(const json::value& sent, const std::string& location,
                             const Embedders& embedders);
// The same of a body that is a feature.
Result<Feature> read_feature(const json::object& sent, const Embedders& embedders);

// A dense feature whose vectors this model makes of these fields.
Feature made_feature(const EmbeddingModel& model, std::string_view uri,
                     const std::vector<FeatureField>& fields);

// The features of a collection, for replies: those of the newest version, and those that
// are being made. One whose model is being changed is there twice.
//   errors of EmbeddingQueue::state()
Result<json::array> features_json(const EmbeddingQueue& embedding,
                                  const Collection& collection, std::uint64_t version);

}  // namespace trawl::api
