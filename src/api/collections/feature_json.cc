#include "api/collections/feature_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "text/analyzer.h"

namespace trawl::api {
namespace {

// Words are searched for as they are written.
constexpr std::string_view kNoLanguage = "none";

constexpr std::size_t kFieldsMax = 64;

constexpr std::string_view kMetricNames[] = {"cosine", "dot", "l2"};

std::string_view metric_name(Metric metric) {
  return kMetricNames[static_cast<std::size_t>(metric)];
}

std::vector<FeatureField> read_feature_fields(ObjectReader& in) {
  std::vector<FeatureField> out;
  const json::array* fields = in.array({"fields"});
  if (fields == nullptr) return out;
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
      field.weight = static_cast<std::uint32_t>(one.integer({"weight", "boost"}, 1, 1, 10));
      if (!one.ok()) in.fail(one.error());
    }
    if (field.path.empty() && in.ok()) {
      in.fail(fmt::format("fields[{}]", i),
              "is neither a path nor {\"path\", \"weight\"?}");
    }
    out.push_back(std::move(field));
  }
  return out;
}

void read_words(ObjectReader& in, Feature& feature) {
  // Null, as collections show it that were made so, is none.
  feature.language = in.string(
      {"language"}, in.source().contains("language") ? kNoLanguage : kDetectLanguage);
  if (feature.language == kNoLanguage) feature.language.clear();
  if (!feature.language.empty() && !is_known_language(feature.language)) {
    in.fail("language",
            fmt::format("is '{}', which has no stemmer; use a Snowball name such as "
                        "english, auto, which finds the language of each text, or none",
                        truncate_text(feature.language, 64)));
  }
  for (const std::string_view name : {"dimension", "metric", "model"}) {
    if (in.has({name})) {
      in.fail(name,
              "belongs to a feature with \"type\": \"dense\"; name the type, or "
              "leave it out");
    }
  }
}

// The name of a model, or all of it, as a collection shows it.
Result<std::optional<EmbeddingModel>> read_model(ObjectReader& in,
                                                 const Embedders& embedders) {
  const json::value* sent = in.find({"model"});
  if (sent == nullptr) return std::optional<EmbeddingModel>();
  std::string name;
  if (const auto* object = sent->if_object()) {
    ObjectReader one = in.child(*object, "model");
    name = one.required_string({"name"});
    TRAWL_TRY(one.status());
  } else {
    name = in.required_string({"model"});
    TRAWL_TRY(in.status());
  }
  auto found = embedders.find(name);
  if (!found) {
    Error error = std::move(found).error();
    error.location = in.location_of("model");
    return error;
  }
  const EmbeddingModel& model = (*found)->model();
  if (const auto* object = sent->if_object()) {
    ObjectReader one = in.child(*object, "model");
    EmbeddingModel wanted = model;
    wanted.provider = one.string({"provider"}, model.provider);
    wanted.revision = one.string({"revision"}, model.revision);
    TRAWL_TRY(one.status());
    if (wanted != model) {
      return invalid_at(
          in.location_of("model"),
          fmt::format("{} is of the provider '{}' and the revision '{}', and "
                      "this server has '{}' and '{}'; give the name alone to "
                      "use that",
                      in.location_of("model"), truncate_text(wanted.provider, 64),
                      truncate_text(wanted.revision, 64), model.provider, model.revision));
    }
  }
  return std::optional<EmbeddingModel>(model);
}

Result<void> read_dense(ObjectReader& in, const Embedders& embedders, Feature& feature) {
  TRAWL_ASSIGN(feature.model, read_model(in, embedders));
  feature.metric = in.one_of<Metric>(
      {"metric"}, Metric::cosine,
      {{"cosine", Metric::cosine}, {"dot", Metric::dot}, {"l2", Metric::l2}});
  const auto dimension = in.optional_integer({"dimension"}, 1, kDimensionMax);
  if (!feature.model && !in.has({"feature_uri", "uri"}) && in.ok()) {
    in.fail("feature_uri",
            "is required, since the vectors come with the documents under "
            "it; a plain name will do");
  }
  if (!feature.model && !dimension && in.ok()) {
    in.fail("dimension",
            "is required, since the vectors come with the documents; or name "
            "the model that makes them, in model");
  }
  feature.dimension = dimension ? static_cast<std::uint32_t>(*dimension)
                                : (feature.model ? feature.model->dimension : 0);
  if (feature.model && feature.dimension != feature.model->dimension && in.ok()) {
    in.fail("dimension",
            fmt::format("is {}, and the vectors of {} have {}; leave it out",
                        feature.dimension, feature.model->name, feature.model->dimension));
  }
  if (!feature.model && !feature.fields.empty() && in.ok()) {
    in.fail("fields",
            "says what a model makes vectors of, and here they come with the "
            "documents; leave it out, or name a model");
  }
  if (in.has({"language"})) in.fail("language", "belongs to a feature of type bm25");
  return in.status();
}

Result<Feature> read_described(ObjectReader in, const Embedders& embedders) {
  Feature feature;
  feature.kind = in.one_of<Feature::Kind>(
      {"type", "kind"}, Feature::Kind::bm25,
      {{"bm25", Feature::Kind::bm25}, {"dense", Feature::Kind::dense}});
  const bool is_dense = feature.kind == Feature::Kind::dense;
  feature.uri =
      in.string({"feature_uri", "uri"}, is_dense ? kDefaultDenseUri : kDefaultFeatureUri);
  check_feature_uri(in, feature);
  feature.fields = read_feature_fields(in);
  if (is_dense) {
    TRAWL_TRY(in.status());
    TRAWL_TRY(read_dense(in, embedders, feature));
  } else {
    read_words(in, feature);
  }
  TRAWL_TRY(in.status());
  return feature;
}

// A feature that is described by a word.
//   not_enabled  a key of the hosted product, which stands for a model
Result<json::object> described_by(std::string_view key, const std::string& location,
                                  const Embedders& embedders) {
  if (key.find("://") != std::string_view::npos) {
    return json::object{{"feature_uri", text_value(key)}};
  }
  const auto embedder = embedders.find(key);
  if (embedder) return json::object{{"type", "dense"}, {"model", text_value(key)}};
  Error error = make_error(
      ErrorCode::not_enabled,
      fmt::format(
          "{} is '{}': {}. Or use {{\"type\": \"bm25\", \"feature_uri\", \"fields\"}}, "
          "or leave features out to search every text",
          location, truncate_text(key, 64), embedder.error().message));
  error.location = location;
  return error;
}

json::object model_json(const EmbeddingModel& model) {
  return {{"name", text_value(model.name)},
          {"provider", text_value(model.provider)},
          {"revision", text_value(model.revision)},
          {"dimension", model.dimension},
          {"normalized", model.normalized},
          {"query_prefix", text_value(model.query_prefix)},
          {"passage_prefix", text_value(model.passage_prefix)}};
}

json::array fields_json(const Feature& feature) {
  json::array out;
  for (const auto& field : feature.fields) {
    out.push_back(json::object{{"path", field.path}, {"weight", field.weight}});
  }
  return out;
}

json::object progress_json(const EmbeddingState& state) {
  json::object out{{"documents", state.progress.documents},
                   {"with_vectors", state.progress.with_vectors},
                   {"awaited", state.progress.awaited},
                   {"serving", state.progress.is_serving},
                   {"paused", state.is_paused},
                   {"error", nullptr}};
  if (state.error) out["error"] = text_value(*state.error);
  return out;
}

}  // namespace

void check_feature_uri(ObjectReader& in, const Feature& feature) {
  const std::string_view uri = feature.uri;
  const bool is_plain = uri.find("://") == std::string_view::npos;
  if (!uri.empty() && uri.size() <= 300 &&
      uri.find_first_of(" \t\r\n") == std::string_view::npos &&
      (!is_plain || feature.kind == Feature::Kind::dense)) {
    return;
  }
  in.fail("feature_uri",
          fmt::format(
              "is '{}'; use the form scheme://extractor@version/output{}",
              truncate_text(uri, 64),
              feature.kind == Feature::Kind::dense ? ", or a name without spaces" : ""));
}

const ObjectShape& feature_shape() {
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
                                     {"language"},
                                     {"dimension"},
                                     {"metric"},
                                     {"model"},
                                     // Of a collection, sent back.
                                     {"serving", nullptr, Described::no},
                                     {"progress", nullptr, Described::no}},
                                    Others::warned};
  return kFeature;
}

Result<Feature> read_feature(const json::value& sent, const std::string& location,
                             const Embedders& embedders) {
  if (const auto* object = sent.if_object()) {
    return read_described(ObjectReader(*object, location), embedders);
  }
  if (!sent.is_string()) {
    return invalid_at(
        location, fmt::format("{} is of type {}; use {{\"feature_uri\", \"fields\"}}, or "
                              "the URI alone",
                              location, type_name(sent)));
  }
  TRAWL_ASSIGN(const json::object described,
               described_by(view(sent.get_string()), location, embedders));
  return read_described(ObjectReader(described, location), embedders);
}

Result<Feature> read_feature(const json::object& sent, const Embedders& embedders) {
  return read_described(ObjectReader(sent, {}), embedders);
}

Feature made_feature(const EmbeddingModel& model, std::string_view uri,
                     const std::vector<FeatureField>& fields) {
  Feature feature;
  feature.uri = uri;
  feature.kind = Feature::Kind::dense;
  feature.fields = fields;
  feature.dimension = model.dimension;
  feature.model = model;
  return feature;
}

Result<json::array> features_json(const EmbeddingQueue& embedding,
                                  const Collection& collection, std::uint64_t version) {
  json::array out;
  for (std::size_t i = 0; i < collection.features.size(); ++i) {
    const Feature& feature = collection.features[i];
    if (feature.until != Feature::kForever) continue;  // Another took its place.
    json::object entry;
    if (feature.kind == Feature::Kind::bm25) {
      entry = {
          {"type", "bm25"}, {"feature_uri", feature.uri}, {"fields", fields_json(feature)}};
      entry["language"] =
          feature.language.empty() ? json::value() : json::value(feature.language);
      out.push_back(std::move(entry));
      continue;
    }
    const bool is_newest =
        std::none_of(collection.features.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                     collection.features.end(), [&](const Feature& later) {
                       return later.uri == feature.uri && later.until == Feature::kForever;
                     });
    entry = {{"type", "dense"},
             {"feature_uri", feature.uri},
             {"dimension", feature.dimension},
             {"metric", json::string_view(metric_name(feature.metric).data(),
                                          metric_name(feature.metric).size())},
             {"model", nullptr},
             {"fields", fields_json(feature)},
             {"serving", feature.serves(version)},
             {"progress", nullptr}};
    if (feature.model) entry["model"] = model_json(*feature.model);
    if (feature.model && is_newest) {
      TRAWL_ASSIGN(const EmbeddingState state, embedding.state(collection, feature.uri));
      entry["serving"] = state.progress.is_serving;
      entry["progress"] = progress_json(state);
    }
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace trawl::api
