#include "stages/source/feature_search_standing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/counted.h"
#include "base/text.h"
#include "pipeline/filter_loss.h"
#include "stages/values.h"

namespace trawl {
namespace {

constexpr std::size_t kTermsTold = 3;

std::string_view fusion_name(Fusion fusion) {
  switch (fusion) {
    case Fusion::convex:
      return "convex";
    case Fusion::rrf:
      return "rrf";
    case Fusion::dbsf:
      return "dbsf";
    case Fusion::weighted:
      return "weighted";
    case Fusion::max:
      break;
  }
  return "max";
}

std::string quoted_query(const SearchSpec& spec) {
  if (spec.document) {
    return fmt::format("the document '{}'", truncate_text(spec.document->document_id, 40));
  }
  if (spec.takes_vectors()) return "a vector";
  return fmt::format("'{}'", truncate_text(spec.text, 40));
}

// "'whale' 5.2 in title, 'white' 2.1 in body, and 3 more words"
std::string terms_text(const ScoreParts& parts) {
  std::vector<const TermScore*> terms;
  for (const TermScore& term : parts.terms) {
    if (term.tf > 0) terms.push_back(&term);
  }
  std::stable_sort(terms.begin(), terms.end(), [](const TermScore* a, const TermScore* b) {
    return a->score > b->score;
  });
  std::vector<std::string> told;
  for (const TermScore* term : terms) {
    if (told.size() == kTermsTold) break;
    std::vector<std::string> fields;
    for (const FieldShare& field : term->fields) {
      if (fields.size() < kTermsTold) fields.push_back(truncate_text(field.path, 40));
    }
    told.push_back(fmt::format("'{}' {:.4g}{}", truncate_text(term->term, 40), term->score,
                               fields.empty()
                                   ? std::string()
                                   : fmt::format(" in {}", fmt::join(fields, " and "))));
  }
  std::string out = fmt::format("{}", fmt::join(told, ", "));
  if (terms.size() > told.size()) {
    out += fmt::format(", and {}", counted(terms.size() - told.size(), "more word"));
  }
  return out;
}

class StandingExplainer {
 public:
  StandingExplainer(const SearchStanding& search, const KeptDocument& kept,
                    const Checkpoint& check)
      : parameters_(search.parameters),
        targets_(search.targets),
        found_(search.found),
        kept_(kept),
        check_(check) {}

  Result<Standing> explain() {
    Standing out;
    if (parameters_.searches.empty()) {
      out.sentence = fmt::format("by its arrival it is at rank {}", kept_.position + 1);
      out.evidence = {{"order", "arrival"}};
      return grouped(std::move(out));
    }
    find_fused();
    json::array searches;
    std::vector<std::string> told;
    for (std::size_t i = 0; i < parameters_.searches.size(); ++i) {
      std::string text;
      TRAWL_ASSIGN(json::object each, of_search(i, text));
      searches.push_back(std::move(each));
      told.push_back(std::move(text));
    }
    const bool is_fused = found_.lists.size() > 1;
    out.evidence = {
        {"score", fused_ ? json::value(fused_->row.score) : json::value()},
        {"rank", fused_ ? json::value(fused_rank_) : json::value()},
        {"fusion", is_fused ? json::value(fusion_name(parameters_.fusion)) : json::value()},
        {"searches", std::move(searches)}};
    out.sentence = fmt::format("{}", fmt::join(told, "; "));
    if (is_fused && fused_) {
      out.sentence +=
          fmt::format("; fused by {} that is {:.4g}, at rank {}",
                      fusion_name(parameters_.fusion), fused_->row.score, fused_rank_);
    }
    return grouped(std::move(out));
  }

 private:
  bool is_it(const RankedRow& row) const {
    return row.row == kept_.document.ref &&
           found_.collections[row.collection]->collection().id ==
               kept_.snapshot.collection().id;
  }

  void find_fused() {
    std::vector<FusedRow> fused = fuse(found_.lists, parameters_.fusion);
    const auto at = std::find_if(fused.begin(), fused.end(),
                                 [&](const FusedRow& row) { return is_it(row.row); });
    if (at == fused.end()) return;
    fused_rank_ = static_cast<std::size_t>(at - fused.begin()) + 1;
    fused_ = std::move(*at);
  }

  Standing grouped(Standing out) const {
    if (parameters_.group_by) {
      out.evidence["group_by"] = parameters_.group_by->field;
      out.sentence += fmt::format("; the search groups by '{}'",
                                  truncate_text(parameters_.group_by->field, 64));
    }
    return out;
  }

  // What one search has of it; and the same in words.
  Result<json::object> of_search(std::size_t i, std::string& text) const {
    const SearchSpec& spec = parameters_.searches[i];
    const bool several = parameters_.searches.size() > 1;
    const std::string name =
        several ? fmt::format("the search {} for {}{}", i, quoted_query(spec),
                              is_hybrid(i) ? by_what(spec) : "")
                : std::string("the search");
    json::object out{{"search", i},
                     {"feature_uri", nullptr},
                     {"query", spec.text},
                     {"rank", nullptr},
                     {"of", 0},
                     {"score", nullptr},
                     {"part", nullptr},
                     {"normalisation", nullptr},
                     {"missed", nullptr},
                     {"bm25", nullptr},
                     {"dense", nullptr}};
    const auto target =
        std::find_if(targets_[i].begin(), targets_[i].end(), [&](const SearchTarget& each) {
          return each.snapshot->collection().id == kept_.snapshot.collection().id;
        });
    std::optional<ScoreParts> parts;
    Likeness likeness;
    if (target != targets_[i].end()) {
      out["feature_uri"] = target->feature_uri;
      if (spec.by == SearchBy::vectors) {
        TRAWL_ASSIGN(likeness, likeness_of(i, *target));
        out["dense"] = likeness_json(*target, likeness);
      } else if (!spec.empty) {
        TRAWL_TRY(take_apart(spec, *target, parts));
      }
    }
    if (parts) out["bm25"] = score_parts_json(*parts);
    const auto place = std::find(found_.places.begin(), found_.places.end(), i);
    const RankedList* list =
        place == found_.places.end()
            ? nullptr
            : &found_.lists[static_cast<std::size_t>(place - found_.places.begin())];
    if (list != nullptr) {
      out["of"] = list->rows.size();
      const auto row = std::find_if(list->rows.begin(), list->rows.end(),
                                    [&](const RankedRow& each) { return is_it(each); });
      if (row != list->rows.end()) {
        const auto rank = static_cast<std::size_t>(row - list->rows.begin()) + 1;
        out["rank"] = rank;
        out["score"] = row->score;
        if (found_.lists.size() > 1) {
          add_fusion(static_cast<std::size_t>(place - found_.places.begin()), rank,
                     row->score, out);
        }
        text = spec.empty ? fmt::format("{} drew it, at rank {}", name, rank)
               : several
                   ? fmt::format("{} has it at rank {} with {:.4g}", name, rank, row->score)
                   : fmt::format("the search gave it {:.4g}", row->score);
        if (parts) text += fmt::format(" ({})", terms_text(*parts));
        return out;
      }
    }
    Standing missed = miss(spec, target != targets_[i].end(), list, parts, likeness);
    text = fmt::format("{} has it not: {}", name, missed.sentence);
    if (parts) out["score"] = shortest_double(parts->score);
    if (likeness.score) out["score"] = shortest_double(*likeness.score);
    missed.evidence["sentence"] = std::move(missed.sentence);
    out["missed"] = std::move(missed.evidence);
    return out;
  }

  Result<void> take_apart(const SearchSpec& spec, const SearchTarget& target,
                          std::optional<ScoreParts>& out) const {
    SearchRequest request;
    request.feature_uri = target.feature_uri;
    request.text = spec.text;
    auto parts = target.snapshot->explain(request, kept_.document.ref, check_);
    if (parts) {
      out = std::move(*parts);
    } else if (parts.error().code != ErrorCode::not_enabled) {
      return std::move(parts).error();
    }
    return {};
  }

  // How like it is to what a search by vectors looks for.
  struct Likeness {
    bool has_vectors = false;
    std::optional<float> score;  // Nothing where there was nothing to look for.
  };
  Result<Likeness> likeness_of(std::size_t i, const SearchTarget& target) const {
    Likeness out;
    TRAWL_ASSIGN(const std::vector<float> vectors,
                 target.snapshot->vectors(target.feature_uri, kept_.document.ref));
    out.has_vectors = !vectors.empty();
    const auto query = found_.queries.find({i, target.snapshot->collection().id.str()});
    if (query == found_.queries.end()) return out;
    SearchRequest request;
    request.feature_uri = target.feature_uri;
    request.vectors = query->second;
    TRAWL_ASSIGN(out.score,
                 target.snapshot->similarity(request, kept_.document.ref, check_));
    return out;
  }
  static json::object likeness_json(const SearchTarget& target, const Likeness& likeness) {
    json::object out{{"dimension", target.dimension},
                     {"model", nullptr},
                     {"has_vectors", likeness.has_vectors},
                     {"similarity", nullptr}};
    if (target.embedder != nullptr) out["model"] = text_value(target.embedder->name());
    if (likeness.score) out["similarity"] = shortest_double(*likeness.score);
    return out;
  }

  // Whether a search that was sent became two, by words and by vectors.
  bool is_hybrid(std::size_t i) const {
    for (std::size_t k = 0; k < parameters_.searches.size(); ++k) {
      if (k != i && parameters_.searches[k].source == parameters_.searches[i].source) {
        return true;
      }
    }
    return false;
  }
  static std::string by_what(const SearchSpec& spec) {
    return spec.by == SearchBy::vectors ? " by meaning" : " by words";
  }

  void add_fusion(std::size_t at, std::size_t rank, double score, json::object& out) const {
    const Fusion fusion = parameters_.fusion;
    const RankedList& list = found_.lists[at];
    const double weight = fusion_weights(found_.lists, fusion)[at];
    const Spread spread = spread_of(list.rows);
    out["part"] = fusion_part(fusion, weight, spread, rank, score);
    switch (fusion) {
      case Fusion::convex:
        out["normalisation"] = {
            {"weight", weight}, {"low", spread.low}, {"high", spread.high}};
        break;
      case Fusion::rrf:
        out["normalisation"] = {{"k", kRrfConstant}, {"weight", weight}};
        break;
      case Fusion::dbsf:
        out["normalisation"] = {
            {"mean", spread.mean}, {"deviation", spread.deviation}, {"weight", weight}};
        break;
      case Fusion::weighted:
        out["normalisation"] = {{"weight", weight}};
        break;
      case Fusion::max:
        break;
    }
  }

  // Why one of several searches has it not.
  Standing miss(const SearchSpec& spec, bool reads_it, const RankedList* list,
                const std::optional<ScoreParts>& parts, const Likeness& likeness) const {
    if (!reads_it) return {"it does not read its collection", {{"reason", "not_searched"}}};
    json::value scratch;
    const auto find = [&](std::string_view path) {
      return kept_.alone.values(0, path, scratch);
    };
    if (auto loss = filter_loss(spec.filters, find, kept_.config)) {
      return {loss->sentence, {{"reason", loss->reason}, {"evidence", loss->evidence}}};
    }
    if (list == nullptr) {
      return {"its query is empty, so it was skipped", {{"reason", "no_query"}}};
    }
    if (spec.empty) {
      return {"its query is empty, and others were drawn", {{"reason", "not_drawn"}}};
    }
    if (parts && parts->score == 0) {
      return {"it has none of the words", {{"reason", "no_match"}}};
    }
    if (spec.by == SearchBy::vectors && !likeness.has_vectors) {
      return {"it has no vectors in this version", {{"reason", "no_vectors"}}};
    }
    const double last = list->rows.empty() ? 0 : list->rows.back().score;
    const std::string score =
        parts            ? fmt::format("its score there is {:.4g}", parts->score)
        : likeness.score ? fmt::format("its similarity there is {:.4g}", *likeness.score)
                         : "it is farther down";
    if (list->rows.size() >= spec.top_k || !spec.min_score) {
      return {fmt::format("{}, and the last of the {} that it keeps has {:.4g}", score,
                          list->rows.size(), last),
              {{"reason", "below_top_k"}, {"last_kept_score", last}}};
    }
    return {fmt::format("{}, which is under min_score", score),
            {{"reason", "under_min_score"}, {"last_kept_score", last}}};
  }

  const FeatureSearchParameters& parameters_;
  const std::vector<std::span<const SearchTarget>>& targets_;
  const SearchedLists& found_;
  const KeptDocument& kept_;
  const Checkpoint& check_;
  std::optional<FusedRow> fused_;
  std::size_t fused_rank_ = 0;
};

}  // namespace

Result<Standing> explain_search_standing(const SearchStanding& search,
                                         const KeptDocument& kept,
                                         const Checkpoint& check) {
  return StandingExplainer(search, kept, check).explain();
}

json::object score_parts_json(const ScoreParts& parts) {
  const auto whole = [](double value) { return static_cast<std::uint64_t>(value); };
  json::array terms;
  json::array lacking;
  for (const TermScore& term : parts.terms) {
    if (!(term.tf > 0)) {
      lacking.emplace_back(term.term);
      continue;
    }
    json::array fields;
    for (const FieldShare& field : term.fields) {
      fields.push_back({{"path", field.path},
                        {"boost", field.boost},
                        {"occurrences", field.occurrences},
                        {"score", field.score}});
    }
    terms.push_back({{"term", term.term},
                     {"query_count", term.query_count},
                     {"documents", term.documents},
                     {"idf", term.idf},
                     {"weight", term.weight},
                     {"tf", whole(term.tf)},
                     {"score", term.score},
                     {"fields", std::move(fields)}});
  }
  return {{"k1", parts.k1},
          {"b", parts.b},
          {"documents", parts.documents},
          {"average_length", parts.average_length},
          {"length", whole(parts.length)},
          {"norm", parts.norm},
          {"terms", std::move(terms)},
          {"lacking_terms", std::move(lacking)},
          {"sum", parts.sum},
          {"score", shortest_double(parts.score)}};
}

}  // namespace trawl
