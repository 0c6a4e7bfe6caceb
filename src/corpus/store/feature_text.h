#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/json.h"
#include "corpus/lexical/lexical_index.h"
#include "model/collection.h"

namespace trawl::store {

// Appends the texts of a document that a feature indexes (corpus/feature_texts.h). The
// views point into `document` and, for text made here, into `made`.
void collect_texts(const Feature& feature, const json::object& document,
                   std::deque<std::string>& made, std::vector<lexical::WeightedText>& out);

// The same texts by the field that they come from: as the feature names it, or else one at
// the top level.
struct FieldTexts {
  std::string path;
  std::uint32_t weight = 1;
  std::vector<lexical::WeightedText> texts;
};
std::vector<FieldTexts> collect_field_texts(const Feature& feature,
                                            const json::object& document,
                                            std::deque<std::string>& made);

// Tells indexes of differently defined features apart.
std::uint64_t feature_fingerprint(const Feature& feature);

json::array features_to_json(const std::vector<Feature>& features);
// Of what features_to_json made; anything else is an internal error.
Result<std::vector<Feature>> features_from_json(const json::value& value);

}  // namespace trawl::store
