#include "stages/source/feature_search_bind.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "corpus/vector_check.h"
#include "providers/embedding.h"
#include "stages/source/fusion.h"

namespace trawl {
namespace {

std::string listed_features(const Snapshots& snapshots) {
  std::vector<std::string> known;
  for (const auto& snapshot : snapshots) {
    for (const Feature& feature : snapshot->collection().features) {
      if (std::find(known.begin(), known.end(), feature.uri) == known.end()) {
        known.push_back(feature.uri);
      }
    }
  }
  constexpr std::size_t kListedMax = 20;
  if (known.size() > kListedMax) known.resize(kListedMax);
  return known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "));
}

class SearchBinder {
 public:
  SearchBinder(const SearchSpec& spec, const Snapshots& snapshots,
               const FeatureSearchParameters& parameters, const BindContext& context)
      : spec_(spec), snapshots_(snapshots), parameters_(parameters), context_(context) {}

  Result<std::vector<BoundSearch>> bind() {
    for (const auto& snapshot : snapshots_) TRAWL_TRY(look_at(snapshot));
    if (spec_.by == SearchBy::vectors && vectors_.targets.empty() && spec_.says_dense) {
      words_.warnings.push_back(
          fmt::format("{} is false, and the collections have no vectors of a model; they "
                      "were searched by words",
                      at("lexical")));
      for (const auto& snapshot : snapshots_) TRAWL_TRY(look_for_words(snapshot));
    }
    warn_of_unread();
    std::vector<BoundSearch> out;
    const bool both = !words_.targets.empty() && !vectors_.targets.empty();
    const double share = parameters_.dense_weight;
    add(std::move(words_), SearchBy::words, both, 1 - share, out);
    add(std::move(vectors_), SearchBy::vectors, both, share, out);
    if (!out.empty()) return out;
    return nothing_found();
  }

 private:
  std::string at(std::string_view name) const {
    return spec_.location.empty() ? std::string(name)
                                  : fmt::format("{}.{}", spec_.location, name);
  }

  static void add(BoundSearch search, SearchBy by, bool both, double share,
                  std::vector<BoundSearch>& out) {
    // Of two, one that counts for nothing is not made.
    if (search.targets.empty() || (both && share == 0)) return;
    search.spec.by = by;
    if (search.spec.feature_uri.empty()) {
      search.spec.feature_uri = search.targets.front().feature_uri;
    }
    if (both) {
      search.spec.weight *= share;
      // Deep enough for scores to be scaled, however few are wanted.
      search.spec.top_k =
          std::max(search.spec.top_k, static_cast<std::uint32_t>(kConvexDepth));
    }
    out.push_back(std::move(search));
  }

  Result<void> look_at(const std::shared_ptr<const Snapshot>& snapshot) {
    if (spec_.by != SearchBy::vectors) TRAWL_TRY(look_for_words(snapshot));
    if (spec_.by != SearchBy::words) TRAWL_TRY(look_for_vectors(snapshot));
    return {};
  }

  // The features of a kind that a search may mean: the one that it names, or, where it
  // names none, those that `fits`.
  template <class Fits>
  std::vector<const Feature*> meant(const Snapshot& snapshot, Feature::Kind kind,
                                    const Fits& fits) const {
    std::vector<const Feature*> out;
    for (const Feature& feature : snapshot.collection().features) {
      if (feature.kind != kind) continue;
      const bool is_meant =
          spec_.feature_uri.empty() ? fits(feature) : feature.uri == spec_.feature_uri;
      if (is_meant) out.push_back(&feature);
    }
    return out;
  }

  Result<void> look_for_words(const std::shared_ptr<const Snapshot>& snapshot) {
    const auto any = [](const Feature&) { return true; };
    std::vector<const Feature*> features = meant(*snapshot, Feature::Kind::bm25, any);
    // A search for words alone may name the feature that holds the vectors: it says which
    // collections, then.
    if (features.empty() && spec_.by != SearchBy::both && names_feature_of(*snapshot)) {
      for (const Feature& feature : snapshot->collection().features) {
        if (feature.kind == Feature::Kind::bm25) features.push_back(&feature);
      }
    }
    if (features.empty()) return {};
    if (features.size() > 1) return several(snapshot);
    words_.targets.push_back({snapshot, features.front()->uri, 0, nullptr});
    return {};
  }

  Result<void> look_for_vectors(const std::shared_ptr<const Snapshot>& snapshot) {
    const auto fits = [&](const Feature& feature) {
      if (!spec_.vectors.empty()) return spec_.vector_length == feature.dimension;
      return spec_.takes_vectors() || feature.model.has_value();
    };
    std::vector<const Feature*> features = meant(*snapshot, Feature::Kind::dense, fits);
    if (features.empty() && spec_.feature_uri.empty() && !spec_.vectors.empty()) {
      // The only one is meant, and says what is wrong with the vector.
      for (const Feature& feature : snapshot->collection().features) {
        if (feature.kind == Feature::Kind::dense) features.push_back(&feature);
      }
      if (features.size() > 1) features.clear();
    }
    if (features.empty()) return {};
    if (features.size() > 1) return several(snapshot);
    const Feature& feature = *features.front();
    SearchTarget target{snapshot, feature.uri, feature.dimension, nullptr};
    if (!spec_.vectors.empty()) {
      if (spec_.vector_length != feature.dimension) {
        return invalid_at(
            spec_.vectors_location,
            fmt::format("{} has {} values, and the feature '{}' of '{}' {} dimensions",
                        spec_.vectors_location, spec_.vector_length,
                        truncate_text(feature.uri, 200), snapshot->collection().name,
                        feature.dimension));
      }
      TRAWL_TRY(check_vectors(spec_.vectors, feature.dimension, feature.metric,
                              spec_.vectors_location));
    } else if (!spec_.takes_vectors()) {
      TRAWL_ASSIGN(target.embedder, find_embedder(*snapshot, feature));
    }
    vectors_.targets.push_back(std::move(target));
    return {};
  }

  Result<std::shared_ptr<const Provider>> find_embedder(const Snapshot& snapshot,
                                                        const Feature& feature) const {
    if (!feature.model) {
      return invalid_at(
          at("query"),
          fmt::format("{} is a text, and the vectors of '{}' come with the documents of "
                      "'{}': send {{\"input_mode\": \"vector\", \"value\": […]}}",
                      at("query"), truncate_text(feature.uri, 200),
                      snapshot.collection().name));
    }
    auto provider = context_.provider(embedding_key(*feature.model));
    if (provider) return std::move(*provider);
    Error error = make_error(
        ErrorCode::not_enabled,
        fmt::format("the vectors of '{}' are made by the model {}, which is not on this "
                    "server ('trawl models' tells how to get it); set lexical to true to "
                    "search by words alone",
                    snapshot.collection().name, feature.model->name));
    error.location = at("feature_uri");
    return error;
  }

  bool names_feature_of(const Snapshot& snapshot) const {
    const auto& features = snapshot.collection().features;
    return std::any_of(features.begin(), features.end(), [&](const Feature& feature) {
      return feature.uri == spec_.feature_uri;
    });
  }

  Error several(const std::shared_ptr<const Snapshot>& snapshot) const {
    return invalid_at(
        at("feature_uri"),
        fmt::format("{} is missing, and the collection '{}' has several features; use one "
                    "of {}",
                    at("feature_uri"), snapshot->collection().name,
                    listed_features({snapshot})));
  }

  bool is_read(const Snapshot& snapshot) const {
    for (const BoundSearch* search : {&words_, &vectors_}) {
      for (const SearchTarget& target : search->targets) {
        if (target.snapshot.get() == &snapshot) return true;
      }
    }
    return false;
  }

  void warn_of_unread() {
    std::vector<std::string> warnings;
    for (const auto& snapshot : snapshots_) {
      if (is_read(*snapshot)) continue;
      warnings.push_back(
          fmt::format("the collection '{}' has no feature{} and was not searched",
                      snapshot->collection().name,
                      spec_.feature_uri.empty() ? std::string()
                                                : fmt::format(" '{}'", spec_.feature_uri)));
    }
    BoundSearch& told = words_.targets.empty() ? vectors_ : words_;
    told.warnings.insert(told.warnings.end(), warnings.begin(), warnings.end());
  }

  Error nothing_found() const {
    const std::string location = at("feature_uri");
    const bool has_words_only = spec_.takes_vectors();
    if (spec_.feature_uri.empty() || (has_words_only && names_any())) {
      return invalid_at(
          location,
          has_words_only
              ? fmt::format(
                    "{} asks for vectors, and the collections have no dense feature "
                    "to search by; they have {}",
                    at("query"), listed_features(snapshots_))
              : fmt::format(
                    "{} is missing, and the collections have no feature to search by",
                    location));
    }
    return invalid_at(
        location,
        fmt::format("{} is '{}', which no collection of this search has; use one of {}",
                    location, truncate_text(spec_.feature_uri, 200),
                    listed_features(snapshots_)));
  }
  bool names_any() const {
    return std::any_of(snapshots_.begin(), snapshots_.end(),
                       [&](const auto& snapshot) { return names_feature_of(*snapshot); });
  }

  const SearchSpec& spec_;
  const Snapshots& snapshots_;
  const FeatureSearchParameters& parameters_;
  const BindContext& context_;
  BoundSearch words_{spec_, {}, {}};
  BoundSearch vectors_{spec_, {}, {}};
};

}  // namespace

Result<std::vector<BoundSearch>> bind_search(const SearchSpec& spec,
                                             const Snapshots& snapshots,
                                             const FeatureSearchParameters& parameters,
                                             const BindContext& context) {
  return SearchBinder(spec, snapshots, parameters, context).bind();
}

}  // namespace trawl
