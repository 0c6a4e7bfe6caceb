#include "api/documents/document_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "corpus/vector_check.h"
#include "corpus/vector_json.h"
#include "model/engine_fields.h"

namespace trawl::api {
namespace {

json::string_view json_name(std::string_view name) {
  return {name.data(), name.size()};
}

bool is_dense(const Feature& feature) {
  return feature.kind == Feature::Kind::dense && feature.until == Feature::kForever;
}

// Not said to a client that cannot send any: there `vectors` is a field of its own.
Error no_such_vectors(const Collection& collection, std::string_view uri,
                      const std::string& location) {
  std::vector<std::string_view> uris;
  for (const Feature& feature : collection.features) {
    if (is_dense(feature) && !feature.model) uris.push_back(feature.uri);
  }
  const std::string remedy = uris.size() == 1
                                 ? fmt::format("; it takes those of '{}'", uris.front())
                                 : did_you_mean(uri, uris);
  return invalid_at(location,
                    fmt::format("{}: the collection '{}' takes no vectors of that name{}",
                                location, collection.name, remedy));
}

// mixpeek://text_extractor@v1/embedding is called `embedding` by some clients, and by
// others `text_extractor_v1_embedding`.
bool has_short_name(std::string_view uri, std::string_view name) {
  const auto scheme = uri.find("://");
  if (scheme == std::string_view::npos) return false;
  std::string path(uri.substr(scheme + 3));
  if (path.substr(path.rfind('/') + 1) == name) return true;
  for (char& c : path) {
    if (c == '@' || c == '/') c = '_';
  }
  return path == name;
}

Error made_by_model(const Feature& feature, const std::string& location) {
  return invalid_at(
      location, fmt::format("{}: the vectors of this feature are made by {}; leave them "
                            "out, or use a feature without a model",
                            location, feature.model->name));
}

// `vectors` is a field, unless it names a feature in full, as no field does by chance.
Result<void> check_vectors_field(const json::value& sent, const Collection& collection,
                                 const std::string& place) {
  const auto* by_name = sent.if_object();
  if (by_name == nullptr) return {};
  for (const Feature& feature : collection.features) {
    if (!is_dense(feature) || !feature.model) continue;
    if (!by_name->contains(json_name(feature.uri))) continue;
    return made_by_model(feature, fmt::format("{}.{}", place, feature.uri));
  }
  return {};
}

}  // namespace

const Feature* find_dense_feature(const Collection& collection, std::string_view name) {
  const Feature* by_short_name = nullptr;
  for (auto feature = collection.features.rbegin(); feature != collection.features.rend();
       ++feature) {
    if (!is_dense(*feature)) continue;
    if (feature->uri == name) return &*feature;
    if (!has_short_name(feature->uri, name)) continue;
    // Of two of that name it would be chance.
    if (by_short_name != nullptr && by_short_name->uri != feature->uri) return nullptr;
    if (by_short_name == nullptr) by_short_name = &*feature;
  }
  return by_short_name;
}

bool has_dense_features(const Collection& collection) {
  return std::any_of(collection.features.begin(), collection.features.end(), is_dense);
}

VectorsMember vectors_member(const Collection& collection, const json::object& document) {
  const bool takes =
      std::any_of(collection.features.begin(), collection.features.end(),
                  [](const Feature& one) { return is_dense(one) && !one.model; });
  if (takes) return VectorsMember::taken;
  // A field that is called so, of a document that the server gave, would be its vectors.
  const json::value* names = document.if_contains(json_name(engine_field::kVectorNames));
  return names != nullptr && names->is_array() && has_dense_features(collection)
             ? VectorsMember::ignored
             : VectorsMember::field;
}

Result<std::vector<NamedVectors>> read_document_vectors(const json::object& document,
                                                        const Collection& collection,
                                                        const std::string& location) {
  std::vector<NamedVectors> out;
  const json::value* sent = document.if_contains(json_name(engine_field::kVectors));
  if (sent == nullptr || sent->is_null()) return out;
  const VectorsMember member = vectors_member(collection, document);
  if (member == VectorsMember::ignored) return out;
  const std::string place = location.empty()
                                ? std::string(engine_field::kVectors)
                                : fmt::format("{}.{}", location, engine_field::kVectors);
  if (member == VectorsMember::field) {
    TRAWL_TRY(check_vectors_field(*sent, collection, place));
    return out;
  }
  const auto* by_name = sent->if_object();
  if (by_name == nullptr) {
    return invalid_at(place, fmt::format("{} is of type {}; use an object, with the URI of "
                                         "a feature for each",
                                         place, type_name(*sent)));
  }
  const bool was_given = document.contains(json_name(engine_field::kVectorNames));
  for (const auto& one : *by_name) {
    const std::string_view name = key_of(one);
    const std::string here = fmt::format("{}.{}", place, truncate_text(name, 200));
    const Feature* feature = find_dense_feature(collection, name);
    if (feature == nullptr) return no_such_vectors(collection, name, here);
    if (std::any_of(out.begin(), out.end(), [&](const NamedVectors& other) {
          return other.feature_uri == feature->uri;
        })) {
      return invalid_at(here, fmt::format("{} names a feature that another member names "
                                          "too; send one of them",
                                          here));
    }
    if (feature->model) {
      if (was_given) continue;
      return made_by_model(*feature, here);
    }
    TRAWL_ASSIGN(std::vector<float> values,
                 parse_vectors(one.value(), feature->dimension, here));
    TRAWL_TRY(check_vectors(values, feature->dimension, feature->metric, here));
    out.push_back({feature->uri, std::move(values)});
  }
  return out;
}

ShownVectors asked_vectors(bool return_vectors, std::vector<std::string> names) {
  // The names alone are there anyway.
  std::erase_if(names, [](const std::string& name) { return name == "true"; });
  if (return_vectors) return {true, {}};
  const bool values = !names.empty();
  return {values, std::move(names)};
}

Result<void> show_vectors(const Snapshot& snapshot, DocumentRef document,
                          const ShownVectors& shown, json::object& out) {
  const Collection& collection = snapshot.collection();
  const auto is_wanted = [&](const std::string& uri) {
    return shown.values &&
           (shown.only.empty() ||
            std::any_of(shown.only.begin(), shown.only.end(), [&](const auto& name) {
              return uri == name || has_short_name(uri, name);
            }));
  };
  json::array names;
  json::object values;
  for (const Feature& feature : collection.features) {
    if (feature.kind != Feature::Kind::dense) continue;
    TRAWL_ASSIGN(const auto vectors, snapshot.vectors(feature.uri, document));
    if (vectors.empty()) continue;
    names.push_back(text_value(feature.uri));
    if (is_wanted(feature.uri)) {
      values[json_name(feature.uri)] = vectors_json(vectors, feature.dimension);
    }
  }
  // A field that is called so stays where there is nothing to say.
  if (names.empty()) return {};
  out[json_name(engine_field::kVectorNames)] = std::move(names);
  if (shown.values) {
    out[json_name(engine_field::kVectors)] = std::move(values);
  }
  return {};
}

}  // namespace trawl::api
