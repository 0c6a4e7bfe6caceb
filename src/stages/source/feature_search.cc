#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/counted.h"
#include "stages/definitions.h"
#include "stages/source/feature_search_bind.h"
#include "stages/source/feature_search_loss.h"
#include "stages/source/feature_search_parameters.h"
#include "stages/source/feature_search_run.h"
#include "stages/source/feature_search_standing.h"
#include "stages/values.h"

namespace trawl {
namespace {

constexpr std::string_view kFeatureSearchFilters[] = {"filters", "pre_filters"};
constexpr std::string_view kFeatureSearchBounds[] = {"searches",
                                                     "feature_uris",
                                                     "top_k",
                                                     "final_top_k",
                                                     "limit",
                                                     "min_score",
                                                     "group_by",
                                                     "max_per_group",
                                                     "group_size",
                                                     "collection_ids",
                                                     "collection_identifiers"};

Error no_collection(const std::string& location) {
  return invalid_at(location, fmt::format("{} has no collection to search; name one in "
                                          "collection_identifiers",
                                          location.empty() ? "feature_search" : location));
}

class FeatureSearch : public Stage {
 public:
  explicit FeatureSearch(FeatureSearchParameters parameters)
      : parameters_(std::move(parameters)), bound_(parameters_) {}

  StageTraits traits() const override {
    const bool draws = !parameters_.seed &&
                       std::any_of(parameters_.searches.begin(), parameters_.searches.end(),
                                   [](const SearchSpec& spec) {
                                     return spec.on_empty == OnEmpty::random;
                                   });
    return {.source = true, .deterministic = !draws};
  }
  // What it is given is replaced.
  FieldSet fields_read() const override { return {}; }
  std::vector<NamedCollection> collections() const override {
    std::vector<NamedCollection> named = parameters_.scope.named;
    for (const SearchSpec& spec : parameters_.searches) {
      named.insert(named.end(), spec.scope.named.begin(), spec.scope.named.end());
    }
    return named;
  }
  bool may_read_others() const override {
    return parameters_.scope.unknown ||
           std::any_of(parameters_.searches.begin(), parameters_.searches.end(),
                       [](const SearchSpec& spec) { return spec.scope.unknown; });
  }
  std::optional<std::string> summary_text() const override {
    return parameters_.query_text;
  }
  bool may_be_cached() const override { return parameters_.may_be_cached; }

  Result<void> bind(BindContext& context) override {
    if (parameters_.searches.empty()) {
      TRAWL_ASSIGN(snapshots_, bind_searched({}, context));
      return {};
    }
    for (const SearchSpec& spec : parameters_.searches) {
      TRAWL_ASSIGN(const Snapshots snapshots, bind_searched(spec.scope, context));
      if (snapshots.empty() || spec.uri_unknown) {
        searches_.push_back({spec, {}, {}});
        continue;
      }
      TRAWL_ASSIGN(std::vector<BoundSearch> bound,
                   bind_search(spec, snapshots, parameters_, context));
      for (BoundSearch& search : bound) searches_.push_back(std::move(search));
    }
    bound_.searches.clear();
    for (const BoundSearch& search : searches_) bound_.searches.push_back(search.spec);
    return {};
  }

  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    TRAWL_ASSIGN(StageOutput output, run_search(bound_, snapshots_, searches_, run));
    if (!input.empty()) {
      output.warnings.push_back(
          fmt::format("the search replaced the {} of the stages before; narrow it with "
                      "filters instead",
                      input.size() == 1 ? "document" : counted(input.size(), "document")));
    }
    return output;
  }

  Result<Loss> explain_loss(const LostDocument& lost, StageRun& run) const override {
    SearchLoss search{bound_, {}, run.pre_filters, {}, {}};
    if (parameters_.searches.empty()) search.searched.push_back(snapshots_);
    for (const BoundSearch& each : searches_) {
      Snapshots& snapshots = search.searched.emplace_back();
      for (const SearchTarget& target : each.targets) snapshots.push_back(target.snapshot);
    }
    search.run = [&](const FeatureSearchParameters& parameters) {
      return rank_search(parameters, snapshots_, searches_, run);
    };
    search.run_one = [&](const FeatureSearchParameters& parameters, std::size_t i) {
      const std::vector<BoundSearch> one{searches_[i]};
      return rank_search(parameters, snapshots_, one, run);
    };
    return explain_search_loss(search, lost);
  }

  Result<std::optional<Standing>> explain_standing(const KeptDocument& kept,
                                                   StageRun& run) const override {
    SearchedLists found;
    if (!parameters_.searches.empty()) {
      TRAWL_ASSIGN(found, search_lists(bound_, snapshots_, searches_, run));
    }
    SearchStanding search{bound_, {}, found};
    for (const BoundSearch& each : searches_) search.targets.emplace_back(each.targets);
    TRAWL_ASSIGN(Standing standing, explain_search_standing(search, kept, run.check));
    return std::optional(std::move(standing));
  }

 private:
  // Nothing where a template stands for the collections.
  Result<Snapshots> bind_searched(const CollectionScope& own, BindContext& context) const {
    if (own.unknown || (own.identifiers.empty() && parameters_.scope.unknown)) {
      return Snapshots();
    }
    TRAWL_ASSIGN(Snapshots snapshots, bind_scope(own, parameters_.scope, context));
    if (snapshots.empty()) return no_collection(parameters_.location);
    return snapshots;
  }

  const FeatureSearchParameters parameters_;
  Snapshots snapshots_;  // Where there are no searches.
  std::vector<BoundSearch> searches_;
  FeatureSearchParameters bound_;  // With a search for each of these.
};

Result<std::unique_ptr<Stage>> make_feature_search(ObjectReader& in) {
  TRAWL_ASSIGN(FeatureSearchParameters parameters, read_feature_search(in));
  return std::unique_ptr<Stage>(std::make_unique<FeatureSearch>(std::move(parameters)));
}

}  // namespace

StageDefinition feature_search_definition() {
  static constexpr std::string_view kAliases[] = {"knn_search", "semantic_search",
                                                  "hybrid_search", "feature_filter"};
  static constexpr std::string_view kTextPlaces[] = {
      "query",          "input",    "searches[].query",     "searches[].input",
      "feature_uris[]", "facets[]", "feature_uris[].query", "feature_uris[].input",
      "group_by"};
  static constexpr std::string_view kShapeNames[] = {"feature_uri", "fusion", "field",
                                                     "output_mode"};
  StageDefinition definition;
  definition.stage_id = "feature_search";
  definition.aliases = kAliases;
  definition.category = "filter";
  definition.description =
      "Searches features of the collections by text and fuses the results of several "
      "searches. "
      "A text is looked for by its words and, where the collections have vectors of a "
      "model, by its meaning; vectors and documents by their likeness. "
      "The results of several collections are merged by score. min_score is relative to "
      "the "
      "best score of a search by words. Without a query it returns the documents that pass "
      "the "
      "filters, in the order of their arrival. Facets count over all documents that the "
      "filters "
      "let through.";
  definition.icon = "search";
  definition.parameter_schema = kFeatureSearchSchema;
  definition.make = make_feature_search;
  definition.starts_anew = true;
  definition.price = StagePrice{1.0, 0.0};
  definition.shape_names = kShapeNames;
  definition.filters = kFeatureSearchFilters;
  definition.bounds = kFeatureSearchBounds;
  definition.reads_collections = true;
  definition.text_places = kTextPlaces;
  return definition;
}

}  // namespace trawl
