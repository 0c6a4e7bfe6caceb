#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/counted.h"
#include "base/text.h"
#include "model/engine_fields.h"
#include "pipeline/absent_fields.h"
#include "stages/definitions.h"
#include "stages/reduce/sampling.h"
#include "stages/source/feature_search_loss.h"
#include "stages/source/feature_search_parameters.h"
#include "stages/ticker.h"
#include "stages/values.h"

namespace trawl {
namespace {

// How many documents a search without a query reads to group them.
constexpr std::size_t kGroupedDocumentsMax = 10'000;

// What is read next is loaded with the rest for so many documents; of more, a reply that
// shows them all keeps only a part in memory.
constexpr std::size_t kLoadedAtOnceMax = 1'000;

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

// A collection to search and its feature to search by.
struct Target {
  std::shared_ptr<const Snapshot> snapshot;
  std::string feature_uri;
};

// A search with what it searches.
struct BoundSearch {
  std::vector<Target> targets;
  std::vector<std::string> warnings;
};

// The double with the shortest text that reads back as the same float: 12.3, not
// 12.300000190734863. Keeps the order.
double widen(float score) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, score).ptr;
  double out = score;
  std::from_chars(buffer, end, out);
  return out;
}

Error no_collection(const std::string& location) {
  return invalid_at(location, fmt::format("{} has no collection to search; name one in "
                                          "collection_identifiers",
                                          location.empty() ? "feature_search" : location));
}

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

bool has_feature(const Snapshot& snapshot, std::string_view uri) {
  const auto& features = snapshot.collection().features;
  return std::any_of(features.begin(), features.end(),
                     [&](const Feature& feature) { return feature.uri == uri; });
}

// Which collections a search reads and by which feature. Those without the feature are
// left out with a warning; it is an error if none has it.
Result<std::vector<Target>> find_targets(const SearchSpec& spec, const Snapshots& snapshots,
                                         std::vector<std::string>& warnings) {
  const std::string location =
      spec.location.empty() ? "feature_uri" : spec.location + ".feature_uri";
  std::vector<Target> targets;
  for (const auto& snapshot : snapshots) {
    const Collection& collection = snapshot->collection();
    if (spec.feature_uri.empty()) {
      if (collection.features.size() > 1) {
        return invalid_at(
            location,
            fmt::format("{} is missing, and the collection '{}' has several features; "
                        "use one of {}",
                        location, collection.name, listed_features({snapshot})));
      }
      if (!collection.features.empty()) {
        targets.push_back({snapshot, collection.features.front().uri});
        continue;
      }
    } else if (has_feature(*snapshot, spec.feature_uri)) {
      targets.push_back({snapshot, spec.feature_uri});
      continue;
    }
    warnings.push_back(fmt::format(
        "the collection '{}' has no feature{} and was not searched", collection.name,
        spec.feature_uri.empty() ? std::string() : fmt::format(" '{}'", spec.feature_uri)));
  }
  if (!targets.empty()) return targets;
  if (spec.feature_uri.empty()) {
    return invalid_at(location,
                      fmt::format("{} is missing, and the collections have no feature "
                                  "to search by",
                                  location));
  }
  return invalid_at(
      location,
      fmt::format("{} is '{}', which no collection of this search has; use one of {}",
                  location, truncate_text(spec.feature_uri, 200),
                  listed_features(snapshots)));
}

// The state of one run.
class SearchRun {
 public:
  SearchRun(const FeatureSearchParameters& parameters, const Snapshots& snapshots,
            const std::vector<BoundSearch>& searches, StageRun& run)
      : parameters_(parameters), snapshots_(snapshots), searches_(searches), run_(run) {
    for (const Filter& filter : parameters.filters) filters_.push_back(&filter);
    for (const Filter& filter : run.pre_filters) filters_.push_back(&filter);
  }

  Result<StageOutput> run() {
    output_.warnings = parameters_.warnings;
    warn_of_filters(parameters_.filters);
    for (const SearchSpec& spec : parameters_.searches) warn_of_filters(spec.filters);
    CandidateList candidates;
    if (parameters_.searches.empty()) {
      TRAWL_ASSIGN(candidates, read_in_order());
    } else {
      TRAWL_TRY(search());
      TRAWL_ASSIGN(candidates, list_fused());
    }
    if (candidates.empty()) TRAWL_TRY(warn_of_fields(filtered_fields()));
    if (!parameters_.facets.empty()) TRAWL_TRY(count_facets());
    if (parameters_.group_by) {
      TRAWL_TRY(group(std::move(candidates)));
    } else {
      output_.candidates = std::move(candidates);
    }
    return std::move(output_);
  }

 private:
  // A collection that some search reads, and what the filters of any let through.
  struct SearchedCollection {
    std::shared_ptr<const Snapshot> snapshot;
    Selection within{{}};
  };

  std::uint32_t reach(const std::shared_ptr<const Snapshot>& snapshot,
                      const Selection& within) {
    std::uint32_t i = 0;
    while (i < reached_.size() &&
           reached_[i].snapshot->collection().id != snapshot->collection().id) {
      ++i;
    }
    if (i == reached_.size()) reached_.push_back({snapshot, {{}}});
    auto& any_of = reached_[i].within.any_of;
    any_of.insert(any_of.end(), within.any_of.begin(), within.any_of.end());
    return i;
  }

  // What the filters of the stage let through, and those of one search.
  Selection within(const std::vector<Filter>& of_search) const {
    Selection selection{{filters_}};
    for (const Filter& filter : of_search) selection.any_of[0].push_back(&filter);
    return selection;
  }

  // Without a query: the documents that pass the filters, in the order of their arrival.
  Result<CandidateList> read_in_order() {
    const std::size_t wanted =
        parameters_.group_by ? kGroupedDocumentsMax : parameters_.final_top_k;
    CandidateList out;
    bool cut = false;
    for (const auto& snapshot : snapshots_) {
      const Selection selection = within({});
      reach(snapshot, selection);
      if (out.size() == wanted) continue;  // It still counts in the facets.
      const std::uint32_t source = out.source(snapshot);
      TRAWL_TRY(snapshot->scan(
          selection, run_.check, [&](std::span<const DocumentRef> found) -> bool {
            const std::size_t room = wanted - out.size();
            cut = found.size() > room;
            const auto taken = found.first(std::min(found.size(), room));
            output_.scanned_count += taken.size();
            out.add(source, taken);
            return !cut;
          }));
    }
    if (cut && parameters_.group_by) {
      output_.warnings.push_back(
          fmt::format("only the first {} documents were grouped; narrow "
                      "the filters",
                      kGroupedDocumentsMax));
    }
    return out;
  }

  void warn_of_filters(const std::vector<Filter>& filters) {
    for (const Filter& filter : filters) {
      for (auto& warning : filter.warnings()) {
        output_.warnings.push_back(std::move(warning));
      }
    }
  }

  FieldSet filtered_fields() const {
    FieldSet fields;
    for (const Filter* filter : filters_) fields.add(FieldSet(filter->paths()));
    for (const SearchSpec& spec : parameters_.searches) {
      for (const Filter& filter : spec.filters) fields.add(FieldSet(filter.paths()));
    }
    return fields;
  }

  Result<void> warn_of_fields(const FieldSet& fields) {
    Snapshots searched;
    for (const SearchedCollection& reached : reached_) searched.push_back(reached.snapshot);
    return warn_of_fields_of_filter(searched, fields, run_.check, output_.warnings);
  }

  void warn_of_words(const SearchSpec& spec, std::size_t count, std::size_t searched) {
    const std::string name = spec.location.empty() ? "query" : spec.location + ".query";
    if (count == 0) output_.warnings.push_back(wordless_warning(name, spec.text));
    if (count > searched) {
      output_.warnings.push_back(
          fmt::format("{} has {} different words, and only the first {} were searched for; "
                      "use fewer, or several searches",
                      name, count, searched));
    }
  }

  // Whoever forgot the import would look for the mistake in the query.
  void warn_of_empty(const std::vector<Target>& targets) {
    for (const Target& target : targets) {
      if (target.snapshot->document_count() > 0) continue;
      const std::string warning = fmt::format("the collection '{}' holds no documents",
                                              target.snapshot->collection().name);
      if (std::find(output_.warnings.begin(), output_.warnings.end(), warning) ==
          output_.warnings.end())
        output_.warnings.push_back(warning);
    }
  }

  Result<void> search() {
    json::array about;
    for (std::size_t i = 0; i < parameters_.searches.size(); ++i) {
      const SearchSpec& spec = parameters_.searches[i];
      const std::vector<Target>& targets = searches_[i].targets;
      for (const auto& warning : searches_[i].warnings) {
        output_.warnings.push_back(warning);
      }
      warn_of_empty(targets);
      if (spec.empty && spec.on_empty == OnEmpty::skip) {
        output_.warnings.push_back(
            fmt::format("{} has an empty query and was skipped", spec.location));
        for (const Target& target : targets) {
          reach(target.snapshot, within(spec.filters));
        }
        continue;
      }
      RankedList list;
      list.weight = spec.weight;
      if (spec.empty) {
        TRAWL_ASSIGN(list.rows, pick_random(spec, targets));
      } else {
        TRAWL_ASSIGN(list.rows, rank(spec, targets));
      }
      json::object summary{{"feature_uri", targets.front().feature_uri},
                           {"candidates", list.rows.size()},
                           {"top_score", nullptr}};
      if (!list.rows.empty()) summary["top_score"] = list.rows.front().score;
      about.push_back(std::move(summary));
      list_uris_.push_back(targets.front().feature_uri);
      list_places_.push_back(static_cast<std::uint32_t>(i));
      lists_.push_back(std::move(list));
    }
    output_.metadata["searches"] = std::move(about);
    return {};
  }

  // The best of all collections, by score. BM25 scores of different collections rest on
  // different statistics, but on the same scale: near enough to be merged, as other
  // engines merge those of their shards.
  Result<std::vector<RankedRow>> rank(const SearchSpec& spec,
                                      const std::vector<Target>& targets) {
    std::vector<RankedRow> rows;
    std::size_t words = 0;
    std::size_t searched_words = 0;
    for (const Target& target : targets) {
      SearchRequest request;
      request.feature_uri = target.feature_uri;
      request.text = spec.text;
      request.top_k = spec.top_k;
      request.within = within(spec.filters);
      const std::uint32_t place = reach(target.snapshot, request.within);
      TRAWL_ASSIGN(const SearchResult found, target.snapshot->search(request, run_.check));
      output_.scanned_count += found.scanned_count;
      if (found.query_words >= words) {
        words = found.query_words;
        searched_words = found.searched_words;
      }
      for (const SearchHit& hit : found.hits) {
        rows.push_back({place, hit.document, widen(hit.score)});
      }
    }
    warn_of_words(spec, words, searched_words);
    std::stable_sort(rows.begin(), rows.end(), [](const RankedRow& a, const RankedRow& b) {
      return a.score > b.score;
    });
    if (rows.size() > spec.top_k) rows.resize(spec.top_k);
    if (spec.min_score && !rows.empty()) {
      const double floor = *spec.min_score * rows.front().score;
      while (!rows.empty() && rows.back().score < floor) rows.pop_back();
    }
    return rows;
  }

  // on_empty random: every document that the filters let through is equally likely.
  Result<std::vector<RankedRow>> pick_random(const SearchSpec& spec,
                                             const std::vector<Target>& targets) {
    const std::int64_t seed = parameters_.seed.value_or(run_.seed);
    output_.metadata["seed"] = seed;
    output_.seed = seed;
    // Each search draws for itself.
    SampleRandom random(static_cast<std::uint64_t>(seed) + lists_.size());
    std::vector<RankedRow> kept;
    std::uint64_t seen = 0;
    for (const Target& target : targets) {
      const Selection selection = within(spec.filters);
      const std::uint32_t place = reach(target.snapshot, selection);
      TRAWL_TRY(target.snapshot->scan(
          selection, run_.check, [&](std::span<const DocumentRef> found) -> bool {
            for (const DocumentRef document : found) {
              const RankedRow row{place, document, 0.0};
              if (kept.size() < spec.top_k) {
                kept.push_back(row);
              } else if (const auto slot = random.below(seen + 1); slot < spec.top_k) {
                kept[slot] = row;
              }
              ++seen;
            }
            return true;
          }));
    }
    output_.scanned_count += seen;
    // The reservoir keeps its first rows in place; the cut at final_top_k must not favour
    // them.
    for (std::size_t i = kept.size(); i > 1; --i)
      std::swap(kept[i - 1], kept[random.below(i)]);
    return kept;
  }

  Result<CandidateList> list_fused() {
    std::vector<FusedRow> fused = fuse(lists_, parameters_.fusion);
    if (!parameters_.group_by && fused.size() > parameters_.final_top_k) {
      fused.resize(parameters_.final_top_k);
    }
    CandidateList out;
    std::vector<std::uint32_t> sources;
    for (const auto& reached : reached_) sources.push_back(out.source(reached.snapshot));
    for (const FusedRow& row : fused) {
      out.add(sources[row.row.collection], row.row.row, row.row.score);
    }
    const bool several = parameters_.searches.size() > 1;
    FieldSet fields({std::string(engine_field::kScore)});
    if (several) fields.add(engine_field::kFeatures);
    if (!parameters_.group_by && out.size() <= kLoadedAtOnceMax) {
      fields.add(run_.fields_next);
    }
    if (parameters_.group_by) fields.add(parameters_.group_by->field);
    TRAWL_TRY(out.load(fields, run_.check));
    bool taken = false;
    bool hidden = false;
    for (std::size_t i = 0; i < out.size(); ++i) {
      hidden |= out.has_own(i, engine_field::kScore);
      if (!several) continue;
      taken |= !note_parts(out, i, fused[i]);
      for (SearchPart& part : fused[i].parts) part.search = list_places_[part.search];
      out.set_parts(i, std::move(fused[i].parts));
    }
    if (hidden) {
      output_.warnings.emplace_back(
          "some documents have a field 'score' of their own, which the score of the search "
          "hides from here on; the filters of the search read it; rename it to use it "
          "later");
    }
    if (taken) {
      output_.warnings.emplace_back(
          "some documents have a field 'features' of their own, so "
          "their scores by feature are left out");
    }
    return out;
  }

  // Writes features.<uri>.score, the better one where two searches share a feature. False
  // when a field of the user stands in the way.
  bool note_parts(CandidateList& list, std::size_t i, const FusedRow& row) const {
    json::value scratch;
    const json::value* existing = list.find(i, engine_field::kFeatures, scratch);
    if (existing != nullptr && !existing->is_object() && !existing->is_null()) return false;
    json::object features;
    if (existing != nullptr && existing->is_object()) features = existing->get_object();
    json::object scores;
    for (const SearchPart& part : row.parts) {
      json::value& best = scores[list_uris_[part.search]];
      if (best.is_null() || part.score > as_double(best)) best = part.score;
    }
    for (const auto& entry : scores) {
      features[entry.key()] = json::object{{"score", entry.value()}};
    }
    list.write(i, engine_field::kFeatures, std::move(features));
    return true;
  }

  Result<void> count_facets() {
    FacetCounter counter(parameters_.facets);
    const FieldSet fields = counter.fields_read();
    std::uint64_t counted = 0;
    for (const SearchedCollection& reached : reached_) {
      Result<void> loaded;
      TRAWL_TRY(reached.snapshot->scan(reached.within, run_.check,
                                       [&](std::span<const DocumentRef> found) -> bool {
                                         CandidateList some;
                                         some.add(some.source(reached.snapshot), found);
                                         loaded = some.load(fields, run_.check);
                                         if (!loaded) return false;
                                         for (std::size_t i = 0; i < some.size(); ++i)
                                           counter.add(some, i);
                                         counted += found.size();
                                         return true;
                                       }));
      TRAWL_TRY(std::move(loaded));
    }
    // What the searches scanned is among it, and counts once.
    output_.scanned_count = std::max(output_.scanned_count, counted);
    output_.facets = counter.result();
    if (counted > 0) TRAWL_TRY(warn_of_fields(FieldSet(counter.uncounted())));
    for (const std::string& key : counter.cut()) {
      output_.warnings.push_back(fmt::format(
          "the facet '{}' has more than {} different values; later ones are not counted",
          key, kFacetValuesMax));
    }
    return {};
  }

  Result<void> group(CandidateList candidates) {
    const SearchGrouping& grouping = *parameters_.group_by;
    const FieldSet field({grouping.field});
    TRAWL_TRY(candidates.load(field, run_.check));
    TRAWL_TRY(warn_of_absent_fields(candidates, field, run_.check, output_.warnings));
    // Candidates come best first, and so do the groups and their members.
    TRAWL_ASSIGN(
        std::vector<Group> groups,
        group_by_field(candidates, grouping.field, ListGroups::each_item, run_.check));
    output_.metadata["group_by_field"] = grouping.field;
    output_.metadata["total_groups"] = groups.size();
    if (groups.size() > grouping.limit) groups.resize(grouping.limit);
    TRAWL_ASSIGN(output_.candidates,
                 emit_groups(std::move(candidates), groups, grouping.max_per_group,
                             grouping.output_mode, run_.check));
    return {};
  }

  const FeatureSearchParameters& parameters_;
  const Snapshots& snapshots_;
  const std::vector<BoundSearch>& searches_;  // One for each of the parameters.
  StageRun& run_;
  Selection::AllOf filters_;  // Of the stage and next to it, for all searches.
  StageOutput output_;
  std::vector<SearchedCollection>
      reached_;  // RankedRow::collection is a place in this list.
  std::vector<RankedList> lists_;
  std::vector<std::string> list_uris_;      // One for each list.
  std::vector<std::uint32_t> list_places_;  // Likewise: its search.
};

class FeatureSearch : public Stage {
 public:
  explicit FeatureSearch(FeatureSearchParameters parameters)
      : parameters_(std::move(parameters)) {}

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
      BoundSearch& search = searches_.emplace_back();
      TRAWL_ASSIGN(const Snapshots snapshots, bind_searched(spec.scope, context));
      if (snapshots.empty() || spec.uri_unknown) continue;
      TRAWL_ASSIGN(search.targets, find_targets(spec, snapshots, search.warnings));
    }
    return {};
  }

  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    TRAWL_ASSIGN(StageOutput output,
                 SearchRun(parameters_, snapshots_, searches_, run).run());
    if (!input.empty()) {
      output.warnings.push_back(
          fmt::format("the search replaced the {} of the stages before; narrow it with "
                      "filters instead",
                      input.size() == 1 ? "document" : counted(input.size(), "document")));
    }
    return output;
  }

  Result<Loss> explain_loss(const LostDocument& lost, StageRun& run) const override {
    SearchLoss search{parameters_, {}, run.pre_filters, {}, {}};
    if (parameters_.searches.empty()) search.searched.push_back(snapshots_);
    for (const BoundSearch& each : searches_) {
      Snapshots& snapshots = search.searched.emplace_back();
      for (const Target& target : each.targets) snapshots.push_back(target.snapshot);
    }
    search.run = [&](const FeatureSearchParameters& parameters) {
      return SearchRun(parameters, snapshots_, searches_, run).run();
    };
    search.run_one = [&](const FeatureSearchParameters& parameters, std::size_t i) {
      const std::vector<BoundSearch> one{searches_[i]};
      return SearchRun(parameters, snapshots_, one, run).run();
    };
    return explain_search_loss(search, lost);
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
  Snapshots snapshots_;                // Where there are no searches.
  std::vector<BoundSearch> searches_;  // One for each search.
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
      "The results of several collections are merged by score. min_score is relative to "
      "the "
      "best score of its search. Without a query it returns the documents that pass the "
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
