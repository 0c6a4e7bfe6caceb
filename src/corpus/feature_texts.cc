#include "corpus/feature_texts.h"

#include "base/field_path.h"

namespace trawl {
namespace {

void visit_strings_of(const json::value& value, std::uint32_t weight,
                      const VisitText& visit) {
  if (const auto* text = value.if_string()) {
    if (!text->empty()) visit(view(*text), weight, false);
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) visit_strings_of(item, weight, visit);
  } else if (const auto* object = value.if_object()) {
    for (const auto& field : *object) visit_strings_of(field.value(), weight, visit);
  }
}

void visit_named(const json::value& value, std::uint32_t weight, const VisitText& visit) {
  if (const auto* array = value.if_array()) {
    for (const auto& item : *array) visit_named(item, weight, visit);
  } else if (value.is_bool() || is_number(value)) {
    visit(to_json_text(value), weight, true);
  } else {
    visit_strings_of(value, weight, visit);
  }
}

}  // namespace

void visit_strings(const json::value& value, const VisitText& visit) {
  visit_strings_of(value, 1, visit);
}

void visit_field_texts(const json::object& document, const FeatureField& field,
                       const VisitText& visit) {
  find_values(document, field.path).for_each([&](const json::value& value) {
    visit_named(value, field.weight, visit);
  });
}

void visit_feature_texts(const Feature& feature, const json::object& document,
                         const VisitText& visit) {
  if (feature.fields.empty()) {
    for (const auto& field : document) visit_strings(field.value(), visit);
  }
  for (const FeatureField& field : feature.fields) {
    visit_field_texts(document, field, visit);
  }
}

std::string embedded_text(const Feature& feature, const json::object& document) {
  std::string out;
  visit_feature_texts(feature, document, [&](std::string_view text, std::uint32_t, bool) {
    if (out.size() > kEmbeddedBytesMax) return;
    if (!out.empty()) out += '\n';
    out += text;
  });
  if (out.size() > kEmbeddedBytesMax) {
    std::size_t end = kEmbeddedBytesMax;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
    out.resize(end);
  }
  return out;
}

}  // namespace trawl
