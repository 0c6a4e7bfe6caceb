#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.h"
#include "model/engine_fields.h"
#include "stages/definitions.h"
#include "stages/reduce/sampling.h"
#include "stages/source/feature_search_parameters.h"
#include "stages/ticker.h"
#include "stages/values.h"

namespace trawl {
namespace {

// How many documents a search without a query reads to group them.
constexpr std::size_t kGroupedDocumentsMax = 10'000;

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

using Rows = std::shared_ptr<const Bitmap>;  // Null for all rows.

// A collection to search and its feature to search by.
struct Target {
  std::shared_ptr<const Snapshot> snapshot;
  std::string feature_uri;
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
                                         std::vector<std::string>* warnings) {
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
    if (warnings != nullptr) {
      warnings->push_back(fmt::format(
          "the collection '{}' has no feature{} and was not searched", collection.name,
          spec.feature_uri.empty() ? std::string()
                                   : fmt::format(" '{}'", spec.feature_uri)));
    }
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
  SearchRun(const FeatureSearchParameters& parameters, StageContext& context)
      : parameters_(parameters), context_(context), filters_(parameters.filters) {
    filters_.insert(filters_.end(), context.pre_filters.begin(), context.pre_filters.end());
  }

  Result<StageOutput> run() {
    output_.warnings = parameters_.warnings;
    warn_of_filters(parameters_.filters);
    for (const SearchSpec& spec : parameters_.searches) warn_of_filters(spec.filters);
    std::vector<Candidate> candidates;
    if (parameters_.searches.empty()) {
      TRAWL_ASSIGN(candidates, read_in_order());
    } else {
      TRAWL_TRY(search());
      TRAWL_ASSIGN(candidates, fetch_fused());
    }
    if (!parameters_.facets.empty()) TRAWL_TRY(count_facets());
    if (parameters_.group_by) {
      TRAWL_TRY(group(std::move(candidates)));
    } else {
      output_.candidates = std::move(candidates);
    }
    return std::move(output_);
  }

 private:
  // A collection that some search reads, and the rows that its filters let through.
  struct SearchedCollection {
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<Rows> rows;  // The union of these; one null means all.
  };

  std::uint32_t reach(const std::shared_ptr<const Snapshot>& snapshot, const Rows& rows) {
    std::uint32_t i = 0;
    while (i < reached_.size() &&
           reached_[i].snapshot->collection().id != snapshot->collection().id) {
      ++i;
    }
    if (i == reached_.size()) reached_.push_back({snapshot, {}});
    reached_[i].rows.push_back(rows);
    return i;
  }

  Result<Snapshots> bind(const CollectionScope& own) {
    TRAWL_ASSIGN(Snapshots snapshots, bind_scope(own, parameters_.scope, context_));
    if (snapshots.empty()) return no_collection(parameters_.location);
    return snapshots;
  }

  // Without a query: the documents that pass the filters, in the order of their arrival.
  Result<std::vector<Candidate>> read_in_order() {
    const std::size_t wanted =
        parameters_.group_by ? kGroupedDocumentsMax : parameters_.final_top_k;
    TRAWL_ASSIGN(const Snapshots snapshots, bind({}));
    std::vector<Candidate> out;
    bool cut = false;
    for (const auto& snapshot : snapshots) {
      TRAWL_ASSIGN(const Rows rows, matching_all(*snapshot, {filters_}, context_.check));
      reach(snapshot, rows);
      if (out.size() == wanted) continue;  // It still counts in the facets.
      TRAWL_TRY(snapshot->scan(rows.get(), context_.check, [&](Document&& document) {
        if (out.size() == wanted) {
          cut = true;
          return false;
        }
        ++output_.scanned_count;
        out.push_back(to_candidate(snapshot->collection().id.str(), std::move(document)));
        return true;
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

  void warn_of_words(const SearchSpec& spec, std::size_t count) {
    const std::string name = spec.location.empty() ? "query" : spec.location + ".query";
    if (count == 0) output_.warnings.push_back(wordless_warning(name, spec.text));
    if (count > kQueryWordsMax) {
      output_.warnings.push_back(
          fmt::format("{} has {} different words, and only the first {} were searched for; "
                      "use fewer, or several searches",
                      name, count, kQueryWordsMax));
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
    for (const SearchSpec& spec : parameters_.searches) {
      TRAWL_ASSIGN(const Snapshots snapshots, bind(spec.scope));
      TRAWL_ASSIGN(const auto targets, find_targets(spec, snapshots, &output_.warnings));
      warn_of_empty(targets);
      if (spec.empty && spec.on_empty == OnEmpty::skip) {
        output_.warnings.push_back(
            fmt::format("{} has an empty query and was skipped", spec.location));
        for (const Target& target : targets) {
          TRAWL_ASSIGN(
              const Rows rows,
              matching_all(*target.snapshot, {filters_, spec.filters}, context_.check));
          reach(target.snapshot, rows);
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
    for (const Target& target : targets) {
      SearchRequest request;
      request.feature_uri = target.feature_uri;
      request.text = spec.text;
      request.top_k = spec.top_k;
      TRAWL_ASSIGN(request.allowed, matching_all(*target.snapshot, {filters_, spec.filters},
                                                 context_.check));
      const std::uint32_t place = reach(target.snapshot, request.allowed);
      TRAWL_ASSIGN(const SearchResult found,
                   target.snapshot->search(request, context_.check));
      output_.scanned_count += found.scanned_count;
      words = std::max(words, found.query_words);
      for (const ScoredRow& row : found.rows) {
        rows.push_back({place, row.row, widen(row.score)});
      }
    }
    warn_of_words(spec, words);
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
    const std::int64_t seed = parameters_.seed.value_or(context_.seed);
    output_.metadata["seed"] = seed;
    // Each search draws for itself.
    SampleRandom random(static_cast<std::uint64_t>(seed) + lists_.size());
    std::vector<RankedRow> kept;
    std::uint64_t seen = 0;
    for (const Target& target : targets) {
      TRAWL_ASSIGN(
          const Rows allowed,
          matching_all(*target.snapshot, {filters_, spec.filters}, context_.check));
      const std::uint32_t place = reach(target.snapshot, allowed);
      TRAWL_TRY(
          target.snapshot->scan(allowed.get(), context_.check, [&](Document&& document) {
            const RankedRow row{place, document.row, 0.0};
            if (kept.size() < spec.top_k) {
              kept.push_back(row);
            } else if (const auto slot = random.below(seen + 1); slot < spec.top_k) {
              kept[slot] = row;
            }
            ++seen;
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

  Result<std::vector<Candidate>> fetch_fused() {
    std::vector<FusedRow> fused = fuse(lists_, parameters_.fusion);
    if (!parameters_.group_by && fused.size() > parameters_.final_top_k) {
      fused.resize(parameters_.final_top_k);
    }
    std::vector<Candidate> out(fused.size());
    for (std::uint32_t c = 0; c < reached_.size(); ++c) {
      std::vector<std::uint32_t> rows;
      std::vector<std::size_t> places;
      for (std::size_t i = 0; i < fused.size(); ++i) {
        if (fused[i].row.collection != c) continue;
        rows.push_back(fused[i].row.row);
        places.push_back(i);
      }
      if (rows.empty()) continue;
      const Snapshot& snapshot = *reached_[c].snapshot;
      TRAWL_ASSIGN(std::vector<Document> documents, snapshot.fetch(rows));
      if (documents.size() != rows.size()) {
        return make_error(
            ErrorCode::internal, "the search found documents that are not stored",
            fmt::format("collection {}: {} rows, {} documents",
                        snapshot.collection().id.str(), rows.size(), documents.size()));
      }
      for (std::size_t i = 0; i < documents.size(); ++i) {
        out[places[i]] =
            to_candidate(snapshot.collection().id.str(), std::move(documents[i]));
      }
    }
    bool taken = false;
    bool hidden = false;
    constexpr json::string_view kScore(engine_field::kScore.data(),
                                       engine_field::kScore.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      hidden |= out[i].fields->contains(kScore);
      out[i].score = fused[i].row.score;
      if (parameters_.searches.size() > 1) taken |= !note_parts(out[i], fused[i]);
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
  bool note_parts(Candidate& candidate, const FusedRow& row) const {
    constexpr json::string_view kFeatures(engine_field::kFeatures.data(),
                                          engine_field::kFeatures.size());
    const json::value* existing = candidate.fields->if_contains(kFeatures);
    if (existing != nullptr && !existing->is_object() && !existing->is_null()) return false;
    json::value& slot = candidate.edit()[kFeatures];
    if (!slot.is_object()) slot.emplace_object();
    json::object scores;
    for (const auto& [list, score] : row.parts) {
      json::value& best = scores[list_uris_[list]];
      if (best.is_null() || score > as_double(best)) best = score;
    }
    for (const auto& entry : scores) {
      slot.get_object()[entry.key()] = json::object{{"score", entry.value()}};
    }
    return true;
  }

  Result<void> count_facets() {
    FacetCounter counter(parameters_.facets);
    for (const SearchedCollection& reached : reached_) {
      std::shared_ptr<Bitmap> all_rows;
      const bool everything = std::any_of(reached.rows.begin(), reached.rows.end(),
                                          [](const Rows& rows) { return rows == nullptr; });
      if (!everything) {
        std::uint32_t size = 0;
        for (const Rows& rows : reached.rows) size = std::max(size, rows->size());
        all_rows = std::make_shared<Bitmap>(size);
        for (const Rows& rows : reached.rows) {
          rows->for_each([&](std::uint32_t row) { all_rows->set(row); });
        }
      }
      const std::string& collection_id = reached.snapshot->collection().id.str();
      const auto visit = [&](Document&& document) {
        counter.add(to_candidate(collection_id, std::move(document)));
        ++output_.scanned_count;
        return true;
      };
      TRAWL_TRY(reached.snapshot->scan(all_rows.get(), context_.check, visit));
    }
    output_.metadata["facets"] = counter.result();
    for (const std::string& key : counter.cut()) {
      output_.warnings.push_back(fmt::format(
          "the facet '{}' has more than {} different values; later ones are not counted",
          key, kFacetValuesMax));
    }
    return {};
  }

  Result<void> group(std::vector<Candidate>&& candidates) {
    const SearchGrouping& grouping = *parameters_.group_by;
    // Candidates come best first, and so do the groups and their members.
    TRAWL_ASSIGN(
        std::vector<Group> groups,
        group_by_field(candidates, grouping.field, ListGroups::each_item, context_.check));
    output_.metadata["group_by_field"] = grouping.field;
    output_.metadata["total_groups"] = groups.size();
    if (groups.size() > grouping.limit) groups.resize(grouping.limit);
    output_.candidates =
        emit_groups(candidates, groups, grouping.max_per_group, grouping.output_mode);
    return {};
  }

  const FeatureSearchParameters& parameters_;
  StageContext& context_;
  std::vector<Filter> filters_;  // Of the stage and next to it, for all searches.
  StageOutput output_;
  std::vector<SearchedCollection>
      reached_;  // RankedRow::collection is a place in this list.
  std::vector<RankedList> lists_;
  std::vector<std::string> list_uris_;  // One for each list.
};

class FeatureSearch : public Stage {
 public:
  explicit FeatureSearch(FeatureSearchParameters parameters)
      : parameters_(std::move(parameters)) {}

  Result<void> validate(StageContext& context) const override {
    if (parameters_.searches.empty()) return validate_scope({}, nullptr, context);
    for (const SearchSpec& spec : parameters_.searches) {
      TRAWL_TRY(validate_scope(spec.scope, &spec, context));
    }
    return {};
  }

  Result<StageOutput> run(std::vector<Candidate> input,
                          StageContext& context) const override {
    TRAWL_ASSIGN(StageOutput output, SearchRun(parameters_, context).run());
    if (!input.empty()) {
      output.warnings.push_back(fmt::format(
          "the search replaced the {} documents of the stages before; narrow it with "
          "filters instead",
          input.size()));
    }
    return output;
  }

 private:
  Result<void> validate_scope(const CollectionScope& own, const SearchSpec* spec,
                              StageContext& context) const {
    if (own.unknown || (own.identifiers.empty() && parameters_.scope.unknown)) return {};
    TRAWL_ASSIGN(const Snapshots snapshots, bind_scope(own, parameters_.scope, context));
    if (snapshots.empty()) return no_collection(parameters_.location);
    if (spec == nullptr || spec->uri_unknown) return {};
    const auto targets = find_targets(*spec, snapshots, nullptr);
    if (!targets) return targets.error();
    return {};
  }

  FeatureSearchParameters parameters_;
};

Result<std::unique_ptr<Stage>> make_feature_search(ObjectReader& in) {
  TRAWL_ASSIGN(FeatureSearchParameters parameters, read_feature_search(in));
  return std::unique_ptr<Stage>(std::make_unique<FeatureSearch>(std::move(parameters)));
}

}  // namespace

StageDefinition feature_search_definition() {
  static constexpr std::string_view kTextPlaces[] = {
      "query",          "input",    "searches[].query",     "searches[].input",
      "feature_uris[]", "facets[]", "feature_uris[].query", "feature_uris[].input",
      "group_by"};
  StageDefinition definition;
  definition.stage_id = "feature_search";
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
  definition.deterministic = feature_search_is_deterministic;
  definition.filters = kFeatureSearchFilters;
  definition.bounds = kFeatureSearchBounds;
  definition.reads_collections = true;
  definition.text_places = kTextPlaces;
  return definition;
}

}  // namespace trawl
