#include "corpus/store/feature_text.h"

#include <algorithm>

#include "base/field_path.h"
#include "base/hash.h"
#include "base/object_reader.h"

namespace trawl::store {
namespace {

// Of what collect_texts makes of a document. Raise it when that changes, so that indexes
// are built again.
constexpr int kFormatVersion = 1;
// The same where a path has several names: since 2 a key may be several of them joined, and
// since 3 they pass through lists (base/field_path.h). Other paths read as they always did,
// and keep their indexes.
constexpr int kLongPathFormatVersion = 3;

class TextCollector {
 public:
  TextCollector(std::uint32_t weight, std::deque<std::string>& made,
                std::vector<lexical::WeightedText>& out)
      : weight_(weight), made_(made), out_(out) {}

  // Every string inside.
  void strings(const json::value& value) {
    if (const auto* text = value.if_string()) {
      add(view(*text));
    } else if (const auto* array = value.if_array()) {
      for (const auto& item : *array) strings(item);
    } else if (const auto* object = value.if_object()) {
      for (const auto& field : *object) strings(field.value());
    }
  }

  // A field that was named, where numbers and booleans are meant as well.
  void field(const json::value& value) {
    if (const auto* array = value.if_array()) {
      for (const auto& item : *array) field(item);
    } else if (value.is_bool() || is_number(value)) {
      add(made_.emplace_back(to_json_text(value)));
    } else {
      strings(value);
    }
  }

 private:
  void add(std::string_view text) {
    if (!text.empty()) out_.push_back({text, weight_});
  }

  const std::uint32_t weight_;
  std::deque<std::string>& made_;
  std::vector<lexical::WeightedText>& out_;
};

json::object feature_to_json(const Feature& feature) {
  json::object out;
  out["uri"] = feature.uri;
  out["kind"] = "bm25";
  json::array fields;
  for (const auto& field : feature.fields) {
    json::object item;
    item["path"] = field.path;
    item["weight"] = field.weight;
    fields.push_back(std::move(item));
  }
  out["fields"] = std::move(fields);
  out["language"] = feature.language;
  return out;
}

Result<Feature> feature_from_json(const json::value& value) {
  const auto damaged = [](std::string_view what) {
    return make_error(ErrorCode::internal,
                      "the stored definition of a collection is damaged",
                      "feature: " + std::string(what));
  };
  const auto* object = value.if_object();
  if (object == nullptr) return damaged("not an object");
  ObjectReader in(*object, "feature");
  Feature feature;
  feature.uri = in.required_string({"uri"});
  feature.kind = in.one_of({"kind"}, Feature::Kind::bm25, {{"bm25", Feature::Kind::bm25}});
  feature.language = in.string({"language"});
  if (const auto* fields = in.array({"fields"})) {
    for (const auto& item : *fields) {
      const auto* source = item.if_object();
      if (source == nullptr) return damaged("a field is not an object");
      ObjectReader field = in.child(*source, "fields");
      FeatureField& added = feature.fields.emplace_back();
      added.path = field.required_string({"path"});
      added.weight = static_cast<std::uint32_t>(field.integer({"weight"}, 1, 1, 1'000'000));
      if (!field.ok()) return damaged(field.error().message);
    }
  }
  if (!in.ok()) return damaged(in.error().message);
  return feature;
}

}  // namespace

void collect_texts(const Feature& feature, const json::object& document,
                   std::deque<std::string>& made, std::vector<lexical::WeightedText>& out) {
  if (feature.fields.empty()) {
    TextCollector collector(1, made, out);
    for (const auto& field : document) collector.strings(field.value());
    return;
  }
  for (const auto& field : feature.fields) {
    TextCollector collector(field.weight, made, out);
    find_values(document, field.path).for_each([&](const json::value& value) {
      collector.field(value);
    });
  }
}

std::uint64_t feature_fingerprint(const Feature& feature) {
  json::object definition = feature_to_json(feature);
  definition.erase("uri");  // A name; the index is the same under another.
  const bool has_long_path = std::any_of(
      feature.fields.begin(), feature.fields.end(),
      [](const auto& field) { return field.path.find('.') != std::string::npos; });
  definition["format"] = has_long_path ? kLongPathFormatVersion : kFormatVersion;
  return hash64(canonical_json(definition));
}

json::array features_to_json(const std::vector<Feature>& features) {
  json::array out;
  for (const auto& feature : features) out.push_back(feature_to_json(feature));
  return out;
}

Result<std::vector<Feature>> features_from_json(const json::value& value) {
  std::vector<Feature> features;
  if (const auto* array = value.if_array()) {
    for (const auto& item : *array) {
      TRAWL_ASSIGN(auto feature, feature_from_json(item));
      features.push_back(std::move(feature));
    }
  }
  return features;
}

}  // namespace trawl::store
