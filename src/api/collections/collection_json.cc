#include "api/collections/collection_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "api/operate/vacuum.h"
#include "api/wire/names.h"
#include "base/json.h"
#include "base/text.h"
#include "text/analyzer.h"

namespace trawl::api {
namespace {

// A feature_extractor names a model of the hosted product. Requests that search its URI
// must find something: what the server's own model makes of its text inputs, and where
// there is no model, their words.
Result<std::vector<Feature>> features_of_extractor(
    ObjectReader in, const std::optional<EmbeddingModel>& model, json::object& extractor) {
  const std::string name =
      in.string({"feature_extractor_name", "name"}, "passthrough_extractor");
  const std::string version = in.string({"version"}, "v1");
  const bool is_model = name != "passthrough_extractor";
  Feature feature;
  feature.language = kDetectLanguage;
  feature.uri = is_model ? fmt::format("mixpeek://{}@{}/text", name, version)
                         : std::string(kDefaultFeatureUri);
  feature.uri = in.string({"feature_uri"}, feature.uri);
  check_feature_uri(in, feature);
  if (const json::value* mappings = in.find({"input_mappings"})) {
    const auto add = [&](const json::value& path) {
      if (path.is_string() && !path.get_string().empty()) {
        feature.fields.push_back({std::string(view(path.get_string())), 1});
      }
    };
    if (const auto* object = mappings->if_object()) {
      for (const auto& mapping : *object) add(mapping.value());
    } else if (const auto* list = mappings->if_array()) {
      for (const auto& item : *list) {
        const auto* mapping = item.if_object();
        const auto* path = mapping == nullptr ? nullptr : mapping->if_contains("path");
        if (path != nullptr) add(*path);
      }
    } else {
      in.fail("input_mappings", "is neither an object nor a list");
    }
  }
  TRAWL_TRY(in.status());
  extractor = in.source();
  extractor["feature_extractor_name"] = text_value(name);
  extractor["version"] = text_value(version);
  extractor["feature_extractor_id"] = text_value(name + "_" + version);
  if (!extractor.contains("input_mappings")) extractor["input_mappings"] = json::object();
  std::vector<Feature> features;
  std::optional<Feature> dense;
  if (model) {
    dense = made_feature(*model, is_model ? feature.uri : kDefaultDenseUri, feature.fields);
  }
  if (dense && is_model) feature.uri = kDefaultFeatureUri;
  features.push_back(std::move(feature));
  if (dense) features.push_back(std::move(*dense));
  return features;
}

// What clients can parse: a known type, and no empty list of buckets. Those of the last
// three types have no source at all, which only newer clients know how to say.
json::object read_source(ObjectReader in) {
  json::object source = in.source();
  const std::string type = in.one_of<std::string>({"type"}, "bucket",
                                                  {{"bucket", "bucket"},
                                                   {"collection", "collection"},
                                                   {"taxonomy", "taxonomy"},
                                                   {"cluster", "cluster"},
                                                   {"direct_upsert", "bucket"},
                                                   {"signals", "bucket"},
                                                   {"none", "bucket"}});
  source["type"] = type;
  auto buckets = in.strings({"bucket_ids", "bucket_id"});
  source.erase("bucket_id");
  if (type == "bucket") {
    if (buckets.empty()) buckets.emplace_back("bkt_manual");
    source["bucket_ids"] = json::array(buckets.begin(), buckets.end());
  } else if (buckets.empty()) {
    source.erase("bucket_ids");
  }
  return source;
}

json::object schema_of(const json::object* sent) {
  json::object schema = sent == nullptr ? json::object() : *sent;
  const auto* properties = schema.if_contains("properties");
  if (properties == nullptr || !properties->is_object())
    schema["properties"] = json::object();
  return schema;
}

}  // namespace

ObjectShape new_collection_shape() {
  using Others = ObjectShape::Others;
  // Of the hosted product, to be read back; only the first four mean something here.
  static const ObjectShape kExtractor{
      {{"feature_extractor_name"},
       {"name", nullptr, Described::no},
       {"version"},
       {"input_mappings"},
       {"feature_uri", nullptr, Described::no},
       {"params", nullptr, Described::no},
       {"parameters", nullptr, Described::no},
       {"field_passthrough", nullptr, Described::no},
       {"include_all_source_fields", nullptr, Described::no}},
      Others::warned};
  static const ObjectShape kSource{{{"type"},
                                    {"bucket_ids"},
                                    {"bucket_id", nullptr, Described::no},
                                    {"source_namespace_id", nullptr, Described::no},
                                    {"collection_id", nullptr, Described::no},
                                    {"collection_ids", nullptr, Described::no},
                                    {"inherited_bucket_ids", nullptr, Described::no},
                                    {"source_filters", nullptr, Described::no},
                                    {"field_map", nullptr, Described::no}},
                                   Others::warned};
  return {{{"collection_name"},
           {"name", nullptr, Described::no},
           {"description"},
           {"features", &feature_shape()},
           {"feature_extractor", &kExtractor},
           {"source", &kSource},
           {"input_schema"},
           {"output_schema"},
           {"metadata"},
           {"enabled"}},
          Others::warned};
}

ObjectShape collection_patch_shape() {
  return {{{"collection_name"},
           {"name", nullptr, Described::no},
           {"description"},
           {"metadata"},
           {"enabled"},
           {"input_schema"},
           {"paused_features"},
           {"features"},
           {"source"}},
          ObjectShape::Others::warned};
}

Result<Collection> read_new_collection(ObjectReader& in, const Embedders& embedders,
                                       const std::optional<EmbeddingModel>& default_model) {
  Collection out;
  out.name = read_name(in, {"collection_name", "name"}, 3, 100);
  json::object& definition = out.definition;
  const auto description = in.optional_string({"description"});
  definition["description"] = description ? json::value(*description) : json::value();
  definition["enabled"] = in.boolean({"enabled"}, true);
  const json::object* metadata = in.object({"metadata"});
  definition["metadata"] = metadata == nullptr ? json::object() : *metadata;
  definition["input_schema"] = schema_of(in.object({"input_schema"}));
  definition["output_schema"] = schema_of(in.object({"output_schema", "input_schema"}));
  const json::object* source = in.object({"source"});
  definition["source"] =
      read_source(in.child(source == nullptr ? json::object() : *source, "source"));
  TRAWL_TRY(in.status());

  const json::object* extractor = in.object({"feature_extractor"});
  const json::array* features = in.array({"features"});
  TRAWL_TRY(in.status());
  json::object extractor_json;
  const json::object nothing;
  TRAWL_ASSIGN(std::vector<Feature> from_extractor,
               features_of_extractor(in.child(extractor == nullptr ? nothing : *extractor,
                                              "feature_extractor"),
                                     default_model, extractor_json));
  definition["feature_extractor"] = std::move(extractor_json);
  if (features == nullptr || features->empty()) {
    out.features = std::move(from_extractor);
    return out;
  }
  if (features->size() > kFeaturesMax) {
    return invalid_at("features", fmt::format("features has {} entries; use at most {}",
                                              features->size(), kFeaturesMax));
  }
  std::set<std::string> uris;
  for (std::size_t i = 0; i < features->size(); ++i) {
    const std::string location = fmt::format("features[{}]", i);
    TRAWL_ASSIGN(Feature feature, read_feature((*features)[i], location, embedders));
    if (!uris.insert(feature.uri).second) {
      return invalid_at(
          location + ".feature_uri",
          fmt::format("{}.feature_uri '{}' is given twice; give each feature its own",
                      location, feature.uri));
    }
    out.features.push_back(std::move(feature));
  }
  return out;
}

namespace {

// The features for which nothing is embedded for now.
void read_paused(ObjectReader& in, Collection& collection) {
  json::array paused;
  for (const std::string& uri : in.strings({"paused_features"})) {
    const auto is_made = [&](const Feature& feature) {
      return feature.uri == uri && feature.model && feature.until == Feature::kForever;
    };
    const auto& features = collection.features;
    if (std::none_of(features.begin(), features.end(), is_made)) {
      in.fail("paused_features",
              fmt::format("names '{}', which is no feature of the collection whose vectors "
                          "are made by a model",
                          truncate_text(uri, 200)));
    }
    paused.push_back(text_value(uri));
  }
  collection.definition[kPausedFeatures] = std::move(paused);
}

}  // namespace

Result<void> patch_collection(const json::object& body, Collection& collection) {
  ObjectReader in(body, {});
  if (in.has({"collection_name", "name"})) {
    collection.name = read_name(in, {"collection_name", "name"}, 3, 100);
  }
  if (in.has({"features"})) {
    in.fail("features",
            "cannot be changed here; POST …/features adds a dense feature or changes its "
            "model, and for others create another collection and import into it");
  }
  if (in.has({"source"})) in.fail("source", "cannot be changed");
  if (const auto text = in.optional_string({"description"})) {
    collection.definition["description"] = *text;
  }
  if (const auto* metadata = in.object({"metadata"})) {
    collection.definition["metadata"] = *metadata;
  }
  if (in.has({"enabled"})) collection.definition["enabled"] = in.boolean({"enabled"}, true);
  if (in.has({"paused_features"})) read_paused(in, collection);
  if (const auto* schema = in.object({"input_schema"})) {
    collection.definition["input_schema"] = schema_of(schema);
  }
  return in.status();
}

Result<json::object> collection_json(const Corpus& corpus, const EmbeddingQueue& embedding,
                                     const Collection& collection) {
  TRAWL_ASSIGN(const auto snapshot, corpus.snapshot(collection.id));
  json::object out{{"collection_id", collection.id.str()},
                   {"collection_name", collection.name},
                   {"namespace_id", collection.namespace_id.str()}};
  for (const auto& field : collection.definition) out[field.key()] = field.value();
  TRAWL_ASSIGN(json::array features,
               features_json(embedding, collection, snapshot->version()));
  out["features"] = features;
  out["vector_indexes"] = std::move(features);  // Where clients look for feature_uri.
  out["payload_indexes"] = json::array();
  out["document_count"] = snapshot->document_count();
  out["version"] = snapshot->version();
  TRAWL_ASSIGN(const KeptVersions kept, corpus.kept_versions(collection.id));
  out["older_versions"] = kept_versions_json(kept);
  out["schema_version"] = 1;
  out["created_at"] = format_time(collection.created_at);
  out["updated_at"] = format_time(collection.updated_at);
  return out;
}

}  // namespace trawl::api
