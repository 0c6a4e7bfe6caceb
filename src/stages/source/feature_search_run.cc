#include "stages/source/feature_search_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/counted.h"
#include "base/text.h"
#include "model/engine_fields.h"
#include "pipeline/absent_fields.h"
#include "providers/embedding.h"
#include "stages/reduce/sampling.h"
#include "stages/ticker.h"
#include "stages/values.h"

namespace trawl {
namespace {

// How many documents a search without a query reads to group them.
constexpr std::size_t kGroupedDocumentsMax = 10'000;

// What is read next is loaded with the rest for so many documents; of more, a reply that
// shows them all keeps only a part in memory.
constexpr std::size_t kLoadedAtOnceMax = 1'000;

// The state of one run.
class SearchRun {
 public:
  SearchRun(const FeatureSearchParameters& parameters, const Snapshots& snapshots,
            const std::vector<BoundSearch>& searches, StageRun& run)
      : parameters_(parameters), snapshots_(snapshots), searches_(searches), run_(run) {
    for (const Filter& filter : parameters.filters) filters_.push_back(&filter);
    for (const Filter& filter : run.pre_filters) filters_.push_back(&filter);
  }

  // The documents, their scores and where the searches have them, for who reads nothing
  // else: not a field is loaded, however many are found, and nothing is warned of.
  Result<CandidateList> rank_alone() {
    if (parameters_.searches.empty()) return read_in_order();
    TRAWL_TRY(search());
    std::vector<FusedRow> fused = fuse(lists_, parameters_.fusion);
    if (fused.size() > parameters_.final_top_k) fused.resize(parameters_.final_top_k);
    CandidateList out = list(fused);
    if (parameters_.searches.size() > 1) {
      for (std::size_t i = 0; i < out.size(); ++i) set_parts(out, i, fused[i]);
    }
    return out;
  }

  Result<StageOutput> run() {
    output_.warnings = parameters_.warnings;
    if (!parameters_.limits.empty()) output_.metadata["limits"] = parameters_.limits;
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
    if (searches_by_vectors()) {
      output_.metadata["completeness"] =
          json::object{{"embeddings", is_partial_ ? "partial" : "complete"}};
    }
    if (parameters_.group_by) {
      TRAWL_TRY(group(std::move(candidates)));
    } else {
      output_.candidates = std::move(candidates);
    }
    return std::move(output_);
  }

  // What the searches find, before that is fused.
  Result<SearchedLists> search_alone() {
    TRAWL_TRY(search());
    SearchedLists out{std::move(lists_), std::move(list_places_), {}, std::move(queries_)};
    for (const auto& reached : reached_) out.collections.push_back(reached.snapshot);
    return out;
  }

 private:
  // A collection that some search reads, and what the filters of any let through.
  struct SearchedCollection {
    std::shared_ptr<const Snapshot> snapshot;
    Selection within{{}};
  };

  bool searches_by_vectors() const {
    return std::any_of(parameters_.searches.begin(), parameters_.searches.end(),
                       [](const SearchSpec& spec) { return spec.by == SearchBy::vectors; });
  }

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
  void warn_of_empty(const std::vector<SearchTarget>& targets) {
    for (const SearchTarget& target : targets) {
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
    std::size_t without_vectors = 0;
    for (std::size_t i = 0; i < parameters_.searches.size(); ++i) {
      const SearchSpec& spec = parameters_.searches[i];
      const std::vector<SearchTarget>& targets = searches_[i].targets;
      for (const auto& warning : searches_[i].warnings) {
        output_.warnings.push_back(warning);
      }
      warn_of_empty(targets);
      if (spec.empty && spec.on_empty == OnEmpty::skip) {
        output_.warnings.push_back(
            fmt::format("{} has an empty query and was skipped", spec.location));
        for (const SearchTarget& target : targets) {
          reach(target.snapshot, within(spec.filters));
        }
        continue;
      }
      VectorShare share;
      if (spec.by == SearchBy::vectors) {
        TRAWL_ASSIGN(share, share_of(targets));
        if (spec.optional && share.with_vectors == 0) {
          output_.warnings.push_back(fmt::format(
              "{} was skipped: its feature has no vectors yet",
              spec.location.empty() ? std::string("the search") : spec.location));
          for (const SearchTarget& target : targets) {
            reach(target.snapshot, within(spec.filters));
          }
          ++without_vectors;
          continue;
        }
        is_partial_ |= share.with_vectors < share.documents;
      }
      RankedList list;
      list.weight = spec.weight;
      if (spec.empty) {
        TRAWL_ASSIGN(list.rows, pick_random(spec, targets));
      } else {
        TRAWL_ASSIGN(list.rows, rank(i, targets));
      }
      json::object summary{{"feature_uri", targets.front().feature_uri},
                           {"candidates", list.rows.size()},
                           {"top_score", nullptr}};
      if (!list.rows.empty()) summary["top_score"] = list.rows.front().score;
      // As candidates name it, where one before it was left out.
      if (i != about.size()) summary["search"] = i;
      if (spec.by == SearchBy::vectors) {
        summary["documents"] = share.documents;
        summary["with_vectors"] = share.with_vectors;
      }
      about.push_back(std::move(summary));
      list_uris_.push_back(targets.front().feature_uri);
      list_places_.push_back(static_cast<std::uint32_t>(i));
      lists_.push_back(std::move(list));
    }
    output_.metadata["searches"] = std::move(about);
    if (without_vectors > 0 && without_vectors == parameters_.searches.size()) {
      return invalid_at(
          parameters_.location.empty() ? "searches" : parameters_.location + ".searches",
          "all searches are optional, and none has vectors to search yet");
    }
    return {};
  }

  static Result<VectorShare> share_of(const std::vector<SearchTarget>& targets) {
    VectorShare all;
    for (const SearchTarget& target : targets) {
      TRAWL_ASSIGN(const VectorShare one,
                   target.snapshot->vector_share(target.feature_uri));
      all.documents += one.documents;
      all.with_vectors += one.with_vectors;
    }
    return all;
  }

  // What a search by vectors looks for in a collection; empty where there is none.
  Result<std::vector<float>> query_vectors(const SearchSpec& spec,
                                           const std::vector<SearchTarget>& targets,
                                           const SearchTarget& target) {
    if (spec.document) return document_vectors(spec, targets, target);
    if (target.embedder == nullptr) return spec.vectors;
    const EmbeddingTask task =
        spec.as_written ? EmbeddingTask::as_written : EmbeddingTask::query;
    TRAWL_ASSIGN(
        const std::string answer,
        run_.calls.ask(*target.embedder, embedding_question({&spec.text, 1}, task)));
    return read_embeddings(answer, 1, target.dimension);
  }

  // The vectors of the document that the search names.
  Result<std::vector<float>> document_vectors(const SearchSpec& spec,
                                              const std::vector<SearchTarget>& targets,
                                              const SearchTarget& target) const {
    const DocumentReference& wanted = *spec.document;
    for (const SearchTarget& each : targets) {
      const Collection& collection = each.snapshot->collection();
      const bool is_named = wanted.collection.empty() ||
                            wanted.collection == collection.id.str() ||
                            wanted.collection == collection.name;
      if (!is_named) continue;
      TRAWL_ASSIGN(const auto document, each.snapshot->get(wanted.document_id));
      if (!document) continue;
      TRAWL_ASSIGN(std::vector<float> vectors,
                   each.snapshot->vectors(each.feature_uri, document->ref));
      if (vectors.size() % target.dimension == 0 && !vectors.empty()) return vectors;
      if (spec.on_empty != OnEmpty::error) return std::vector<float>();
      return make_error(ErrorCode::invalid,
                        fmt::format("document '{}' of '{}' has no vectors of '{}'{}",
                                    truncate_text(wanted.document_id, 128), collection.name,
                                    truncate_text(each.feature_uri, 200),
                                    vectors.empty() ? " yet" : " of that dimension"));
    }
    if (spec.on_empty != OnEmpty::error) return std::vector<float>();
    return make_error(ErrorCode::not_found,
                      fmt::format("there is no document '{}' in the collections of this "
                                  "search",
                                  truncate_text(wanted.document_id, 128)));
  }

  // The best of all collections, by score. BM25 scores of different collections rest on
  // different statistics, but on the same scale: near enough to be merged, as other
  // engines merge those of their shards.
  Result<std::vector<RankedRow>> rank(std::size_t i,
                                      const std::vector<SearchTarget>& targets) {
    const SearchSpec& spec = parameters_.searches[i];
    std::vector<RankedRow> rows;
    std::size_t words = 0;
    std::size_t searched_words = 0;
    for (const SearchTarget& target : targets) {
      SearchRequest request;
      request.feature_uri = target.feature_uri;
      request.top_k = spec.top_k;
      request.within = within(spec.filters);
      const std::uint32_t place = reach(target.snapshot, request.within);
      if (spec.by == SearchBy::vectors) {
        TRAWL_ASSIGN(request.vectors, query_vectors(spec, targets, target));
        if (request.vectors.empty()) {
          output_.warnings.push_back(
              fmt::format("{} has no vectors to search for and was skipped in '{}'",
                          spec.location.empty() ? std::string("the search") : spec.location,
                          target.snapshot->collection().name));
          continue;
        }
        queries_[{i, target.snapshot->collection().id.str()}] = request.vectors;
      } else {
        request.text = spec.text;
      }
      TRAWL_ASSIGN(const SearchResult found, target.snapshot->search(request, run_.check));
      output_.scanned_count += found.scanned_count;
      if (found.query_words >= words) {
        words = found.query_words;
        searched_words = found.searched_words;
      }
      for (const SearchHit& hit : found.hits) {
        rows.push_back({place, hit.document, shortest_double(hit.score)});
      }
    }
    if (spec.by != SearchBy::vectors) warn_of_words(spec, words, searched_words);
    std::stable_sort(rows.begin(), rows.end(), [](const RankedRow& a, const RankedRow& b) {
      return a.score > b.score;
    });
    if (rows.size() > spec.top_k) rows.resize(spec.top_k);
    if (spec.min_score && !rows.empty()) {
      const double floor = score_floor(spec, rows.front().score);
      while (!rows.empty() && rows.back().score < floor) rows.pop_back();
    }
    return rows;
  }

  // on_empty random: every document that the filters let through is equally likely.
  Result<std::vector<RankedRow>> pick_random(const SearchSpec& spec,
                                             const std::vector<SearchTarget>& targets) {
    const std::int64_t seed = parameters_.seed.value_or(run_.seed);
    output_.metadata["seed"] = seed;
    output_.seed = seed;
    // Each search draws for itself.
    SampleRandom random(static_cast<std::uint64_t>(seed) + lists_.size());
    std::vector<RankedRow> kept;
    std::uint64_t seen = 0;
    for (const SearchTarget& target : targets) {
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

  CandidateList list(const std::vector<FusedRow>& fused) const {
    CandidateList out;
    std::vector<std::uint32_t> sources;
    for (const auto& reached : reached_) sources.push_back(out.source(reached.snapshot));
    for (const FusedRow& row : fused) {
      out.add(sources[row.row.collection], row.row.row, row.row.score);
    }
    return out;
  }

  void set_parts(CandidateList& out, std::size_t i, FusedRow& row) const {
    for (SearchPart& part : row.parts) part.search = list_places_[part.search];
    out.set_parts(i, std::move(row.parts));
  }

  Result<CandidateList> list_fused() {
    std::vector<FusedRow> fused = fuse(lists_, parameters_.fusion);
    if (!parameters_.group_by && fused.size() > parameters_.final_top_k) {
      fused.resize(parameters_.final_top_k);
    }
    CandidateList out = list(fused);
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
      set_parts(out, i, fused[i]);
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
  // What was looked for by vectors: by the place of the search, and the collection.
  std::map<std::pair<std::size_t, std::string>, std::vector<float>> queries_;
  bool is_partial_ = false;  // Some documents have no vectors yet.
};

}  // namespace

Result<StageOutput> run_search(const FeatureSearchParameters& parameters,
                               const Snapshots& snapshots,
                               const std::vector<BoundSearch>& searches, StageRun& run) {
  return SearchRun(parameters, snapshots, searches, run).run();
}

Result<CandidateList> rank_search(const FeatureSearchParameters& parameters,
                                  const Snapshots& snapshots,
                                  const std::vector<BoundSearch>& searches, StageRun& run) {
  return SearchRun(parameters, snapshots, searches, run).rank_alone();
}

Result<SearchedLists> search_lists(const FeatureSearchParameters& parameters,
                                   const Snapshots& snapshots,
                                   const std::vector<BoundSearch>& searches,
                                   StageRun& run) {
  return SearchRun(parameters, snapshots, searches, run).search_alone();
}

}  // namespace trawl
