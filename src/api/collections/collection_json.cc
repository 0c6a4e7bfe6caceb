#include "api/collections/collection_json.h"

#include <fmt/format.h>

#include <set>

#include "api/operate/vacuum.h"
#include "api/wire/names.h"
#include "base/json.h"
#include "base/text.h"
#include "text/analyzer.h"

namespace trawl::api {
namespace {

constexpr std::size_t kFeaturesMax = 16;
constexpr std::size_t kFieldsMax = 64;

// scheme://extractor@version/output, but any text without spaces is accepted: requests
// written elsewhere must resolve.
void check_uri(ObjectReader& in, std::string_view uri) {
  if (uri.size() > 300 || uri.find_first_of(" \t\r\n") != std::string_view::npos ||
      uri.find("://") == std::string_view::npos) {
    in.fail("feature_uri",
            fmt::format("is '{}'; use the form scheme://extractor@version/output",
                        truncate_text(uri, 64)));
  }
}

// A feature is described by an object, or by its URI alone.
//   not_enabled  a key of the hosted product, which stands for a model
Result<json::object> feature_object(const json::value& sent, const std::string& location) {
  if (const auto* object = sent.if_object()) return *object;
  if (!sent.is_string()) {
    return invalid_at(
        location, fmt::format("{} is of type {}; use {{\"feature_uri\", \"fields\"}}, or "
                              "the URI alone",
                              location, type_name(sent)));
  }
  const std::string_view key = view(sent.get_string());
  if (key.find("://") != std::string_view::npos) {
    return json::object{{"feature_uri", text_value(key)}};
  }
  Error error = make_error(
      ErrorCode::not_enabled,
      fmt::format("{} is '{}', which names a model, and no models run on this server; use "
                  "{{\"type\": \"bm25\", \"feature_uri\", \"fields\"}}, or leave "
                  "features out to search every text",
                  location, truncate_text(key, 64)));
  error.location = location;
  return error;
}

Result<Feature> read_feature(ObjectReader in) {
  Feature feature;
  feature.kind = in.one_of<Feature::Kind>({"type", "kind"}, Feature::Kind::bm25,
                                          {{"bm25", Feature::Kind::bm25}});
  feature.uri = in.string({"feature_uri", "uri"}, kDefaultFeatureUri);
  check_uri(in, feature.uri);
  feature.language = in.string({"language"});
  if (!feature.language.empty() && !is_known_language(feature.language)) {
    in.fail("language", fmt::format("is '{}', which has no stemmer; use a Snowball "
                                    "name such as english, or leave it out",
                                    truncate_text(feature.language, 64)));
  }
  if (const json::array* fields = in.array({"fields"})) {
    if (fields->size() > kFieldsMax) {
      in.fail("fields",
              fmt::format("has {} entries; use at most {}", fields->size(), kFieldsMax));
    }
    for (std::size_t i = 0; i < fields->size() && in.ok(); ++i) {
      const json::value& item = (*fields)[i];
      FeatureField field;
      if (item.is_string()) {
        field.path = view(item.get_string());
      } else if (item.is_object()) {
        ObjectReader one = in.child(item.get_object(), "fields", i);
        field.path = one.required_string({"path", "field", "name"});
        field.weight =
            static_cast<std::uint32_t>(one.integer({"weight", "boost"}, 1, 1, 10));
        if (!one.ok()) in.fail(one.error());
      }
      if (field.path.empty() && in.ok()) {
        in.fail(fmt::format("fields[{}]", i),
                "is neither a path nor {\"path\", \"weight\"?}");
      }
      feature.fields.push_back(std::move(field));
    }
  }
  TRAWL_TRY(in.status());
  return feature;
}

// A feature_extractor names a model that this server does not run. Its text inputs are
// indexed by bm25 under its URI, so that requests that search it find something.
Result<Feature> feature_of_extractor(ObjectReader in, json::object& extractor) {
  const std::string name =
      in.string({"feature_extractor_name", "name"}, "passthrough_extractor");
  const std::string version = in.string({"version"}, "v1");
  Feature feature;
  feature.uri = name == "passthrough_extractor"
                    ? std::string(kDefaultFeatureUri)
                    : fmt::format("mixpeek://{}@{}/text", name, version);
  feature.uri = in.string({"feature_uri"}, feature.uri);
  check_uri(in, feature.uri);
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
  return feature;
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
  static const ObjectShape kField{{{"path"},
                                   {"field", nullptr, Described::no},
                                   {"name", nullptr, Described::no},
                                   {"weight"},
                                   {"boost", nullptr, Described::no}}};
  static const ObjectShape kFeature{{{"type"},
                                     {"kind", nullptr, Described::no},
                                     {"feature_uri"},
                                     {"uri", nullptr, Described::no},
                                     {"fields", &kField},
                                     {"language"}},
                                    Others::warned};
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
           {"features", &kFeature},
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
           {"features"},
           {"source"}},
          ObjectShape::Others::warned};
}

Result<Collection> read_new_collection(ObjectReader& in) {
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
  TRAWL_ASSIGN(Feature from_extractor,
               feature_of_extractor(in.child(extractor == nullptr ? nothing : *extractor,
                                             "feature_extractor"),
                                    extractor_json));
  definition["feature_extractor"] = std::move(extractor_json);
  if (features == nullptr || features->empty()) {
    out.features.push_back(std::move(from_extractor));
    return out;
  }
  if (features->size() > kFeaturesMax) {
    return invalid_at("features", fmt::format("features has {} entries; use at most {}",
                                              features->size(), kFeaturesMax));
  }
  std::set<std::string> uris;
  for (std::size_t i = 0; i < features->size(); ++i) {
    const std::string location = fmt::format("features[{}]", i);
    TRAWL_ASSIGN(const json::object described, feature_object((*features)[i], location));
    TRAWL_ASSIGN(Feature feature, read_feature(in.child(described, "features", i)));
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

Result<void> patch_collection(const json::object& body, Collection& collection) {
  ObjectReader in(body, {});
  if (in.has({"collection_name", "name"})) {
    collection.name = read_name(in, {"collection_name", "name"}, 3, 100);
  }
  if (in.has({"features"})) {
    in.fail("features", "cannot be changed; create another collection and import into it");
  }
  if (in.has({"source"})) in.fail("source", "cannot be changed");
  if (const auto text = in.optional_string({"description"})) {
    collection.definition["description"] = *text;
  }
  if (const auto* metadata = in.object({"metadata"})) {
    collection.definition["metadata"] = *metadata;
  }
  if (in.has({"enabled"})) collection.definition["enabled"] = in.boolean({"enabled"}, true);
  if (const auto* schema = in.object({"input_schema"})) {
    collection.definition["input_schema"] = schema_of(schema);
  }
  return in.status();
}

Result<json::object> collection_json(const Corpus& corpus, const Collection& collection) {
  TRAWL_ASSIGN(const auto snapshot, corpus.snapshot(collection.id));
  json::object out{{"collection_id", collection.id.str()},
                   {"collection_name", collection.name},
                   {"namespace_id", collection.namespace_id.str()}};
  for (const auto& field : collection.definition) out[field.key()] = field.value();
  json::array features;
  for (const auto& feature : collection.features) {
    json::array fields;
    for (const auto& field : feature.fields) {
      fields.push_back(json::object{{"path", field.path}, {"weight", field.weight}});
    }
    json::object entry{{"type", "bm25"}, {"feature_uri", feature.uri}, {"fields", fields}};
    entry["language"] =
        feature.language.empty() ? json::value() : json::value(feature.language);
    features.push_back(std::move(entry));
  }
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
