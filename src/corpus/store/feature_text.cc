#include "corpus/store/feature_text.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/object_reader.h"
#include "corpus/feature_texts.h"

namespace trawl::store {
namespace {

// Of what collect_texts makes of a document. Raise it when that changes, so that indexes
// are built again.
constexpr int kFormatVersion = 1;
// The same where a path has several names: since 2 a key may be several of them joined, and
// since 3 they pass through lists (base/field_path.h). Other paths read as they always did,
// and keep their indexes.
constexpr int kLongPathFormatVersion = 3;

// Gathers what it visits; what is made for the visit is kept.
VisitText gather(std::deque<std::string>& made, std::vector<lexical::WeightedText>& out) {
  return [&](std::string_view text, std::uint32_t weight, bool is_made) {
    if (is_made) text = made.emplace_back(text);
    out.push_back({text, weight});
  };
}

constexpr std::pair<const char*, Metric> kMetrics[] = {
    {"cosine", Metric::cosine}, {"dot", Metric::dot}, {"l2", Metric::l2}};

const char* metric_name(Metric metric) {
  for (const auto& [name, value] : kMetrics) {
    if (value == metric) return name;
  }
  return "";
}

json::object model_to_json(const EmbeddingModel& model) {
  return {{"provider", model.provider},
          {"name", model.name},
          {"revision", model.revision},
          {"dimension", model.dimension},
          {"normalized", model.normalized},
          {"query_prefix", model.query_prefix},
          {"passage_prefix", model.passage_prefix}};
}

EmbeddingModel model_from_json(ObjectReader in) {
  EmbeddingModel model;
  model.provider = in.string({"provider"});
  model.name = in.required_string({"name"});
  model.revision = in.string({"revision"});
  model.dimension =
      static_cast<std::uint32_t>(in.integer({"dimension"}, 0, 1, kDimensionMax));
  model.normalized = in.boolean({"normalized"}, true);
  model.query_prefix = in.string({"query_prefix"});
  model.passage_prefix = in.string({"passage_prefix"});
  return model;
}

json::object feature_to_json(const Feature& feature) {
  const bool is_dense = feature.kind == Feature::Kind::dense;
  json::object out;
  out["uri"] = feature.uri;
  out["kind"] = is_dense ? "dense" : "bm25";
  json::array fields;
  for (const auto& field : feature.fields) {
    json::object item;
    item["path"] = field.path;
    item["weight"] = field.weight;
    fields.push_back(std::move(item));
  }
  out["fields"] = std::move(fields);
  out["language"] = feature.language;
  if (!is_dense) return out;
  out["dimension"] = feature.dimension;
  out["metric"] = metric_name(feature.metric);
  if (feature.model) out["model"] = model_to_json(*feature.model);
  out["since"] = feature.since;
  if (feature.until != Feature::kForever) out["until"] = feature.until;
  return out;
}

std::uint64_t version_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return Feature::kForever;
  if (const auto* whole = value->if_uint64()) return *whole;
  if (const auto* whole = value->if_int64()) return static_cast<std::uint64_t>(*whole);
  return Feature::kForever;
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
  feature.kind =
      in.one_of({"kind"}, Feature::Kind::bm25,
                {{"bm25", Feature::Kind::bm25}, {"dense", Feature::Kind::dense}});
  feature.language = in.string({"language"});
  if (feature.kind == Feature::Kind::dense) {
    feature.dimension =
        static_cast<std::uint32_t>(in.integer({"dimension"}, 0, 1, kDimensionMax));
    feature.metric =
        in.one_of({"metric"}, Metric::cosine,
                  {{"cosine", Metric::cosine}, {"dot", Metric::dot}, {"l2", Metric::l2}});
    if (const auto* model = in.object({"model"})) {
      feature.model = model_from_json(in.child(*model, "model"));
    }
    // One that is not complete has no first version yet.
    feature.since = version_in(*object, "since");
    feature.until = version_in(*object, "until");
  }
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
  visit_feature_texts(feature, document, gather(made, out));
}

std::vector<FieldTexts> collect_field_texts(const Feature& feature,
                                            const json::object& document,
                                            std::deque<std::string>& made) {
  std::vector<FieldTexts> out;
  if (feature.fields.empty()) {
    for (const auto& field : document) {
      FieldTexts& one = out.emplace_back();
      one.path = field.key();
      visit_strings(field.value(), gather(made, one.texts));
    }
  }
  for (const auto& field : feature.fields) {
    FieldTexts& one = out.emplace_back();
    one.path = field.path;
    one.weight = field.weight;
    visit_field_texts(document, field, gather(made, one.texts));
  }
  return out;
}

std::uint64_t feature_fingerprint(const Feature& feature) {
  json::object definition = feature_to_json(feature);
  // Names and times; the index is the same under others.
  for (const char* name : {"uri", "since", "until"}) definition.erase(name);
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
