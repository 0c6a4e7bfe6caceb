#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/json.h"
#include "corpus/lexical/lexical_index.h"
#include "model/collection.h"

namespace trawl::store {

// Appends the texts of a document that a feature indexes. Of a named field: strings,
// numbers and booleans, those inside arrays, and every string inside objects. Without
// named fields: every string of the document. The views point into `document` and, for
// text made here, into `made`.
void collect_texts(const Feature& feature, const json::object& document,
                   std::deque<std::string>& made, std::vector<lexical::WeightedText>& out);

// Tells indexes of differently defined features apart.
std::uint64_t feature_fingerprint(const Feature& feature);

json::array features_to_json(const std::vector<Feature>& features);
// Of what features_to_json made; anything else is an internal error.
Result<std::vector<Feature>> features_from_json(const json::value& value);

}  // namespace trawl::store
