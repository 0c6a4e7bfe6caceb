#include "catalog/definition_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>

#include "base/text.h"

namespace trawl {

Result<void> check_name(std::string_view kind, std::string_view name) {
  if (name.empty()) {
    return invalid_at(fmt::format("{}_name", kind),
                      fmt::format("the name of a {} is empty; "
                                  "give it one",
                                  kind));
  }
  if (!is_valid_utf8(name)) {
    return invalid_at(fmt::format("{}_name", kind),
                      fmt::format("the name of a {} is not valid UTF-8; send UTF-8", kind));
  }
  return {};
}

Result<void> check_features(std::span<const Feature> features) {
  std::set<std::string_view> uris;
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (features[i].uri.empty()) {
      return invalid_at(
          fmt::format("features[{}].uri", i),
          "the URI of a feature is empty; use scheme://extractor@version/output");
    }
    if (!uris.insert(features[i].uri).second) {
      return invalid_at(fmt::format("features[{}].uri", i),
                        fmt::format("two features have the URI '{}'; give each its own",
                                    features[i].uri));
    }
    TRAWL_TRY(check_dense(features[i], fmt::format("features[{}]", i)));
  }
  return {};
}

Result<void> check_dense(const Feature& feature, const std::string& location) {
  if (feature.kind != Feature::Kind::dense) return {};
  if (feature.dimension < 1 || feature.dimension > kDimensionMax) {
    return invalid_at(location + ".dimension",
                      fmt::format("{}.dimension is {}; use 1 to {}", location,
                                  feature.dimension, kDimensionMax));
  }
  if (feature.model && feature.model->dimension != feature.dimension) {
    return invalid_at(
        location + ".dimension",
        fmt::format("{}.dimension is {}, and the vectors of {} have {}; leave "
                    "it out",
                    location, feature.dimension, feature.model->name,
                    feature.model->dimension));
  }
  return {};
}

Result<void> check_same_features(std::span<const Feature> before,
                                 std::span<const Feature> after) {
  if (std::equal(before.begin(), before.end(), after.begin(), after.end())) return {};
  return invalid_at(
      "features",
      "the features of a collection are chosen when it is created; create another "
      "collection with the features you want and copy the documents");
}

Error name_taken(std::string_view kind, std::string_view name) {
  return make_error(ErrorCode::already_exists,
                    fmt::format("there is a {} '{}' already; choose another name", kind,
                                truncate_text(name, 128)));
}

Error unknown_name(std::string_view kind, std::string_view identifier,
                   const std::vector<std::string_view>& names) {
  std::string remedy = did_you_mean(identifier, names);
  if (remedy.empty()) remedy = fmt::format("; GET /v1/{}s lists those that exist", kind);
  return make_error(
      ErrorCode::not_found,
      fmt::format("there is no {} '{}'{}", kind, truncate_text(identifier, 128), remedy));
}

}  // namespace trawl
