#include "stages/source/feature_search_loss.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "pipeline/filter_loss.h"
#include "stages/values.h"
#include "text/analyzer.h"

namespace trawl {
namespace {

// More words than these are not listed.
constexpr std::size_t kWordsShown = 20;
// Raising one bound can move a document under another, so they are raised in turns.
constexpr int kRoundsMax = 12;
constexpr auto kDoubledMax = static_cast<std::uint32_t>(kFinalTopKMax);

void add_strings(const json::value& value, std::string& out) {
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) add_strings(member.value(), out);
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) add_strings(item, out);
  } else if (!value.is_null()) {
    out += value_text(value);
    out += '\n';
  }
}

const Feature* find_feature(const Collection& collection, std::string_view uri) {
  for (const Feature& feature : collection.features) {
    if (uri.empty() || feature.uri == uri) return &feature;
  }
  return nullptr;
}

// The words of the query of which the document has none, as they were written.
Result<std::vector<std::string>> lacking_words(const std::string& query,
                                               const Feature& feature,
                                               const json::object& document) {
  TRAWL_ASSIGN(Analyzer analyzer, Analyzer::make(feature.language));
  std::string text;
  if (feature.fields.empty()) add_strings(document, text);
  for (const FeatureField& field : feature.fields) {
    find_values(document, field.path).for_each([&](const json::value& value) {
      add_strings(value, text);
    });
  }
  std::unordered_set<std::string> has;
  const std::string_view texts[] = {text};
  const auto languages = analyzer.analyze_document(
      texts, [&](std::size_t, std::string_view term, std::uint32_t) { has.emplace(term); });
  if (analyzer.detects_language()) {
    std::vector<LanguageCount> counts;
    for (const std::string_view language : languages) counts.push_back({language, 1});
    analyzer.expect_query({}, 1, languages.empty() ? 1 : 0, counts);
  }
  std::vector<std::string> lacking;
  std::unordered_set<std::string> seen;
  std::size_t begin = 0;
  while (begin < query.size() && lacking.size() < kWordsShown) {
    const std::size_t end = std::min(query.find_first_of(" \t\r\n", begin), query.size());
    const std::string word = query.substr(begin, end - begin);
    begin = end + 1;
    if (!seen.insert(word).second) continue;
    const std::vector<std::string> terms = analyzer.terms(word);
    if (!terms.empty() && std::none_of(terms.begin(), terms.end(), [&](const auto& term) {
          return has.contains(term);
        })) {
      lacking.push_back(truncate_text(word, 64));
    }
  }
  return lacking;
}

// Where the bounds of a search stand in the config.
std::string place_of(const FeatureSearchParameters& parameters, const SearchSpec& spec,
                     std::size_t index, const json::object& sent) {
  if (spec.location == parameters.location) return "/parameters";
  for (const std::string_view name : {"searches", "feature_uris"}) {
    const auto* list = sent.if_contains(json::string_view(name.data(), name.size()));
    if (list != nullptr && list->is_array() && index < list->get_array().size() &&
        list->get_array()[index].is_object()) {
      return fmt::format("/parameters/{}/{}", name, index);
    }
  }
  return {};  // An item of feature_uris that is a text has no bounds of its own.
}

class Explainer {
 public:
  Explainer(const SearchLoss& search, const LostDocument& lost)
      : search_(search), parameters_(search.parameters), lost_(lost) {}

  Result<Loss> explain() {
    if (std::none_of(
            search_.searched.begin(), search_.searched.end(),
            [&](const Snapshots& each) { return reads_from(each, lost_.snapshot); })) {
      return not_read(lost_.snapshot);
    }
    json::value scratch;
    const auto find = [&](std::string_view path) {
      return lost_.alone.values(0, path, scratch);
    };
    for (const auto& filters :
         {std::span<const Filter>(parameters_.filters), search_.pre_filters}) {
      if (auto loss = filter_loss(filters, find, lost_.config)) return std::move(*loss);
    }
    if (parameters_.searches.empty()) return beyond_arrival();
    return in_searches(find);
  }

 private:
  // A search without bounds, in which the document has all the ranks that it can have.
  static FeatureSearchParameters unbounded(FeatureSearchParameters parameters) {
    parameters.group_by.reset();
    parameters.facets.clear();
    parameters.final_top_k = std::numeric_limits<std::uint32_t>::max();
    return parameters;
  }

  struct Standing {
    std::optional<std::size_t> rank;  // From 1.
    double score = 0;
    SearchParts parts;
    std::vector<double> scores;  // Of the whole list.
  };
  Result<Standing> standing(const FeatureSearchParameters& parameters) const {
    TRAWL_ASSIGN(const CandidateList list, search_.run(parameters));
    Standing out;
    for (std::size_t i = 0; i < list.size(); ++i) {
      out.scores.push_back(list.score(i).value_or(0));
    }
    const auto place =
        list.find_document(lost_.snapshot.collection().id.str(), lost_.document.ref);
    if (!place) return out;
    out.rank = *place + 1;
    out.score = out.scores[*place];
    out.parts = list.parts(*place);
    if (parameters.searches.size() == 1) {
      out.parts = {{0, static_cast<std::uint32_t>(*out.rank), out.score}};
    }
    return out;
  }

  std::string final_name() const {
    const json::object& sent = lost_.parameters();
    return sent.contains("limit") && !sent.contains("final_top_k") ? "limit"
                                                                   : "final_top_k";
  }

  Result<Loss> beyond_arrival() const {
    TRAWL_ASSIGN(const Standing all, standing(unbounded(parameters_)));
    Loss out;
    if (!all.rank) {
      out.reason = "not_given";
      out.sentence = "the search did not come upon it";
      return out;
    }
    if (parameters_.group_by && *all.rank <= parameters_.final_top_k) return in_groups();
    out.reason = "beyond_limit";
    out.sentence = fmt::format("by its arrival it is at rank {}, and {} are read",
                               *all.rank, parameters_.final_top_k);
    out.evidence = {{"rank", *all.rank}, {"final_top_k", parameters_.final_top_k}};
    out.changes.push_back(change_parameter(final_name(), *all.rank));
    return out;
  }

  template <class Find>
  Result<Loss> in_searches(const Find& find) {
    // As it was, but for what was cut off at the end.
    TRAWL_ASSIGN(const Standing fused, standing(unbounded(parameters_)));
    if (fused.rank) return of_fused(fused);
    return of_unreached(find);
  }

  Result<Loss> of_fused(const Standing& fused) {
    if (parameters_.group_by) return in_groups();
    Loss out;
    out.reason = "below_final_top_k";
    const std::size_t kept = parameters_.final_top_k;
    out.sentence =
        fmt::format("its {} rank is {}, and the first {} are kept",
                    parameters_.searches.size() > 1 ? "fused" : "own", *fused.rank, kept);
    json::array ranks;
    for (const SearchPart& part : fused.parts) {
      ranks.push_back(
          {{"search", part.search}, {"rank", part.rank}, {"score", part.score}});
    }
    out.evidence = {{"rank", *fused.rank},
                    {"score", fused.score},
                    {"final_top_k", kept},
                    {"searches", std::move(ranks)}};
    if (kept > 0 && kept <= fused.scores.size()) {
      out.evidence["last_kept_score"] = fused.scores[kept - 1];
    }
    TRAWL_TRY(add_bounds(parameters_, out));
    return out;
  }

  // No search reached it.
  template <class Find>
  Result<Loss> of_unreached(const Find& find) {
    FeatureSearchParameters wide = unbounded(parameters_);
    for (SearchSpec& spec : wide.searches) {
      spec.top_k = std::numeric_limits<std::uint32_t>::max();
      spec.min_score.reset();
    }
    TRAWL_ASSIGN(const Standing all, standing(wide));
    // Of several searches, the one where it is nearest to being reached.
    std::optional<Loss> best;
    double best_distance = std::numeric_limits<double>::infinity();
    json::array each;
    for (std::size_t i = 0; i < parameters_.searches.size(); ++i) {
      double distance = std::numeric_limits<double>::max();
      TRAWL_ASSIGN(Loss loss, of_search(i, all, find, distance));
      each.push_back({{"search", i},
                      {"reason", loss.reason},
                      {"sentence", loss.sentence},
                      {"evidence", loss.evidence}});
      if (!best || distance < best_distance) {
        best_distance = distance;
        best = std::move(loss);
      }
    }
    if (parameters_.searches.size() > 1) best->evidence["searches"] = std::move(each);
    return std::move(*best);
  }

  template <class Find>
  Result<Loss> of_search(std::size_t i, const Standing& all, const Find& find,
                         double& distance) {
    const SearchSpec& spec = parameters_.searches[i];
    if (!reads_from(search_.searched[i], lost_.snapshot)) return not_read(lost_.snapshot);
    if (auto loss = filter_loss(spec.filters, find, lost_.config)) {
      distance = 1e12;
      return std::move(*loss);
    }
    Loss out;
    if (spec.empty) {
      const bool draws = spec.on_empty == OnEmpty::random;
      out.reason = draws ? "not_drawn" : "no_query";
      out.sentence = draws ? fmt::format(
                                 "the query is empty, and it was not among the {} "
                                 "that were drawn",
                                 spec.top_k)
                           : "the query is empty, so the search was skipped";
      out.evidence = {{"top_k", spec.top_k}};
      return out;
    }
    const auto part =
        std::find_if(all.parts.begin(), all.parts.end(),
                     [&](const SearchPart& each) { return each.search == i; });
    if (spec.by == SearchBy::vectors) return of_vectors(i, part, all, distance);
    std::vector<std::string> lacking;
    if (const Feature* feature =
            find_feature(lost_.snapshot.collection(), spec.feature_uri)) {
      TRAWL_ASSIGN(lacking, lacking_words(spec.text, *feature, lost_.document.fields));
    }
    const std::string words = lacking.empty() ? ""
                                              : fmt::format("; of the query it lacks {}",
                                                            fmt::join(lacking, ", "));
    json::array lacking_json(lacking.begin(), lacking.end());
    if (part == all.parts.end()) {
      out.reason = "no_match";
      out.sentence = "it has none of the words of the query";
      out.evidence = {{"query", truncate_text(spec.text, 200)},
                      {"lacking_words", std::move(lacking_json)}};
      distance = 1e9;
      return out;
    }
    out.evidence = {{"rank", part->rank},
                    {"score", part->score},
                    {"top_k", spec.top_k},
                    {"query", truncate_text(spec.text, 200)},
                    {"lacking_words", std::move(lacking_json)}};
    distance = part->rank;
    if (part->rank > spec.top_k) {
      out.reason = "below_top_k";
      out.sentence = fmt::format("the search has it at rank {}, and top_k is {}{}",
                                 part->rank, spec.top_k, words);
    } else {
      TRAWL_ASSIGN(const double top, top_score(i));
      out.reason = "under_min_score";
      out.sentence = fmt::format(
          "its score is {:.4g}, and min_score {:.4g} of the best, which is {:.4g}, asks "
          "for "
          "{:.4g}{}",
          part->score, *spec.min_score, top, *spec.min_score * top, words);
      out.evidence["min_score"] = *spec.min_score;
      out.evidence["top_score"] = top;
    }
    TRAWL_TRY(add_bounds_of(i, *part, out));
    return out;
  }

  // The bounds with which a search reaches what it has at that place.
  Result<void> add_bounds_of(std::size_t i, const SearchPart& part, Loss& out) const {
    FeatureSearchParameters changed = parameters_;
    SearchSpec& raised = changed.searches[i];
    raised.top_k = std::max(raised.top_k, part.rank);
    if (raised.min_score) {
      TRAWL_ASSIGN(const double top, top_score(i));
      const double best = raised.by == SearchBy::vectors ? 1.0 : top;
      while (best > 0 && part.score < score_floor(raised, best)) {
        raised.min_score =
            std::nextafter(std::min(*raised.min_score, part.score / best), 0.0);
      }
      if (*raised.min_score < 0) raised.min_score = 0;  // No bound is lower.
    }
    if (raised.top_k <= kTopKMax) TRAWL_TRY(add_bounds(changed, out));
    return {};
  }

  // Why a search by vectors has it not.
  Result<Loss> of_vectors(std::size_t i, SearchParts::const_iterator part,
                          const Standing& all, double& distance) const {
    const SearchSpec& spec = parameters_.searches[i];
    Loss out;
    if (part == all.parts.end()) {
      const Feature* feature = find_feature(lost_.snapshot.collection(), spec.feature_uri);
      const bool is_made = feature != nullptr && feature->model;
      out.reason = "no_vectors";
      out.sentence = is_made ? "its vectors had not arrived in this version, or it has no "
                               "text to make them of"
                             : "it was given no vectors";
      out.evidence = {{"feature_uri", spec.feature_uri}};
      distance = 1e9;
      return out;
    }
    out.evidence = {{"feature_uri", spec.feature_uri},
                    {"rank", part->rank},
                    {"score", part->score},
                    {"top_k", spec.top_k}};
    distance = part->rank;
    if (part->rank > spec.top_k) {
      TRAWL_ASSIGN(const double last, last_score(i));
      out.reason = "below_top_k";
      out.sentence = fmt::format(
          "by its similarity of {:.4g} the search has it at rank {}, and top_k is {}",
          part->score, part->rank, spec.top_k);
      out.evidence["last_kept_score"] = last;
      out.sentence += fmt::format(", the last of which has {:.4g}", last);
    } else {
      out.reason = "under_min_score";
      out.sentence = fmt::format("its similarity is {:.4g}, and min_score asks for {:.4g}",
                                 part->score, *spec.min_score);
      out.evidence["min_score"] = *spec.min_score;
    }
    TRAWL_TRY(add_bounds_of(i, *part, out));
    return out;
  }

  // Of those that one search keeps.
  Result<double> last_score(std::size_t i) const {
    FeatureSearchParameters one = unbounded(parameters_);
    one.searches = {one.searches[i]};
    TRAWL_ASSIGN(const CandidateList found, search_.run_one(one, i));
    return found.empty() ? 0.0 : found.score(found.size() - 1).value_or(0.0);
  }

  Result<double> top_score(std::size_t i) const {
    FeatureSearchParameters one = unbounded(parameters_);
    one.searches = {one.searches[i]};
    one.searches.front().top_k = 1;
    one.searches.front().min_score.reset();
    TRAWL_ASSIGN(const CandidateList found, search_.run_one(one, i));
    return found.empty() ? 0.0 : found.score(0).value_or(0.0);
  }

  // A search that became two, by words and by vectors, has one top_k and one min_score.
  static void share_bounds(FeatureSearchParameters& changed) {
    auto& searches = changed.searches;
    for (std::size_t i = 1; i < searches.size(); ++i) {
      SearchSpec& a = searches[i - 1];
      SearchSpec& b = searches[i];
      if (a.source != b.source) continue;
      a.top_k = b.top_k = std::max(a.top_k, b.top_k);
      if (a.min_score && b.min_score) {
        a.min_score = b.min_score = std::min(*a.min_score, *b.min_score);
      }
    }
  }

  // Raises final_top_k, and every top_k that it may not exceed, until the document is
  // handed on; nothing where that leads nowhere.
  Result<void> add_bounds(FeatureSearchParameters changed, Loss& out) const {
    bool enough = false;
    share_bounds(changed);
    for (int round = 0; round < kRoundsMax && !enough; ++round) {
      TRAWL_ASSIGN(const Standing now, standing(unbounded(changed)));
      if (!now.rank) return {};
      if (parameters_.group_by) break;
      // As far down as no bound reaches.
      if (*now.rank > static_cast<std::size_t>(kFinalTopKMax)) return {};
      std::uint32_t needed = static_cast<std::uint32_t>(*now.rank);
      // A longer list brings others in, which may go before it: where small steps do not
      // keep up with that, larger ones do.
      if (round >= 2) needed = std::max(needed, std::min(needed * 2, kDoubledMax));
      enough = changed.final_top_k >= *now.rank;
      for (SearchSpec& spec : changed.searches) {
        if (spec.top_k >= std::max<std::size_t>(changed.final_top_k, *now.rank)) continue;
        enough = false;
        spec.top_k = std::max(spec.top_k, needed);
      }
      if (changed.final_top_k < *now.rank) changed.final_top_k = needed;
      share_bounds(changed);
    }
    if (!enough && !parameters_.group_by) return {};
    StageChange change;
    const auto set = [&](const std::string& path, std::string_view name,
                         json::value value) {
      change.text += fmt::format("{}{}: {}", change.text.empty() ? "" : ", ", name,
                                 to_json_text(value));
      change.patch.push_back(
          patch_operation("add", fmt::format("{}/{}", path, name), std::move(value)));
    };
    for (std::size_t i = 0; i < changed.searches.size(); ++i) {
      const SearchSpec& before = parameters_.searches[i];
      const SearchSpec& after = changed.searches[i];
      const bool lowered = before.min_score != after.min_score;
      if (before.top_k == after.top_k && !lowered) continue;
      // One that became two has its bounds once.
      if (i > 0 && after.source == changed.searches[i - 1].source) continue;
      const std::string place =
          place_of(parameters_, before, before.source, lost_.parameters());
      if (place.empty()) return {};
      if (before.top_k != after.top_k) set(place, "top_k", after.top_k);
      if (lowered) set(place, "min_score", *after.min_score);
    }
    if (changed.final_top_k != parameters_.final_top_k) {
      set("/parameters", final_name(), changed.final_top_k);
    }
    if (!change.patch.empty()) out.changes.push_back(std::move(change));
    return {};
  }

  // The search has it, but its groups have not.
  Result<Loss> in_groups() const {
    const SearchGrouping& grouping = *parameters_.group_by;
    TRAWL_ASSIGN(CandidateList all, search_.run(unbounded(parameters_)));
    TRAWL_TRY(all.load(FieldSet({grouping.field}), {}));
    const auto place =
        all.find_document(lost_.snapshot.collection().id.str(), lost_.document.ref);
    TRAWL_ASSIGN(const std::vector<Group> groups,
                 group_by_field(all, grouping.field, ListGroups::each_item, {}));
    Loss out;
    out.reason = "over_group_limit";
    out.sentence = "it is not among the groups of the search";
    for (std::size_t g = 0; g < groups.size() && place; ++g) {
      const auto& members = groups[g].members;
      const auto found = std::find(members.begin(), members.end(), *place);
      if (found == members.end()) continue;
      const auto at = static_cast<std::size_t>(found - members.begin());
      const std::string name = truncate_text(value_text(groups[g].key), 100);
      out.evidence = {{"field", grouping.field},
                      {"group", groups[g].key},
                      {"group_rank", g + 1},
                      {"rank_in_group", at + 1},
                      {"max_per_group", grouping.max_per_group},
                      {"max_groups", grouping.limit}};
      json::object wanted{{"field", grouping.field},
                          {"max_per_group", std::max(grouping.max_per_group, at + 1)},
                          {"limit", std::max(grouping.limit, g + 1)},
                          {"output_mode", "flatten"}};
      if (g >= grouping.limit) {
        out.reason = "beyond_group_count";
        out.sentence = fmt::format("its group '{}' is at rank {}, and {} groups are kept",
                                   name, g + 1, grouping.limit);
      } else if (at >= grouping.max_per_group ||
                 (grouping.output_mode == GroupOutput::first && at > 0)) {
        out.sentence = fmt::format(
            "it is at rank {} of the group '{}', of which {} {} kept", at + 1, name,
            grouping.max_per_group, grouping.max_per_group == 1 ? "is" : "are");
      } else {
        out.reason = "in_row";
        out.sentence =
            fmt::format("documents became rows here, and it is in that of '{}'", name);
      }
      StageChange change;
      change.text = fmt::format("group_by: {}", to_json_text(wanted));
      change.patch.push_back(
          patch_operation("add", "/parameters/group_by", std::move(wanted)));
      out.changes.push_back(std::move(change));
      break;
    }
    return out;
  }

  const SearchLoss& search_;
  const FeatureSearchParameters& parameters_;
  const LostDocument& lost_;
};

}  // namespace

Result<Loss> explain_search_loss(const SearchLoss& search, const LostDocument& lost) {
  return Explainer(search, lost).explain();
}

}  // namespace trawl
