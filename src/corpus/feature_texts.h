#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "model/collection.h"

namespace trawl {

// Visits the texts of a document that a feature is about, with how many times each counts.
// Of a named field: strings, numbers and booleans, those inside arrays, and every string
// inside objects. Without named fields: every string of the document. The views point into
// `document`, but for those that are `made` here, which last for the visit.
using VisitText =
    std::function<void(std::string_view text, std::uint32_t weight, bool made)>;
void visit_feature_texts(const Feature& feature, const json::object& document,
                         const VisitText& visit);
// Every string inside, in the same way.
void visit_strings(const json::value& value, const VisitText& visit);
// What a field that is named has: numbers and booleans as well.
void visit_field_texts(const json::object& document, const FeatureField& field,
                       const VisitText& visit);

// What a model makes the vectors of a document from: its texts, a line each. Models read
// the beginning of a text alone, so it is cut.
inline constexpr std::size_t kEmbeddedBytesMax = 16'384;
std::string embedded_text(const Feature& feature, const json::object& document);

}  // namespace trawl
