#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "base/text.h"
#include "base/work_limit.h"
#include "model/engine_fields.h"
#include "stages/definitions.h"
#include "stages/not_lost.h"
#include "stages/ticker.h"
#include "stages/values.h"

namespace trawl {
namespace {

constexpr std::string_view kSortRelevanceSchema = R"json({
  "type": "object",
  "properties": {
    "score_field": {
      "type": "string", "default": "score",
      "description": "Dotted path of the number to sort by."
    },
    "direction": {
      "type": "string", "enum": ["asc", "desc"], "default": "desc",
      "description": "The order. Also read as order."
    },
    "missing_score": {
      "type": "string", "enum": ["bottom", "top", "preserve"], "default": "bottom",
      "description": "Where documents without a numeric score go; preserve leaves them at their positions."
    },
    "normalize": {
      "type": "boolean", "default": false,
      "description": "Adds sort_relevance {original_position, new_position, normalized_score} to every document: positions from 0, the score scaled to 0..1 over the list."
    },
    "feature_address": {
      "type": ["string", "null"], "default": null,
      "description": "Feature to compute missing scores with. Accepted, but this server does not compute them."
    }
  }
})json";

enum class MissingScore { bottom, top, preserve };

class SortRelevance : public Stage {
 public:
  std::string score_field;
  bool descending = true;
  MissingScore missing = MissingScore::bottom;
  bool normalize = false;
  std::optional<std::string> feature_address;

  StageTraits traits() const override { return {}; }
  FieldSet fields_read() const override {
    FieldSet fields({score_field});
    if (normalize) fields.add(engine_field::kSortRelevance);
    return fields;
  }

  Result<Loss> explain_loss(const LostDocument& lost, StageRun&) const override {
    return lost.position ? loses_nothing() : not_given();
  }

  Result<std::optional<Standing>> explain_standing(const KeptDocument& kept,
                                                   StageRun&) const override {
    const auto score = kept.before
                           ? number_at(kept.input, *kept.before, score_field, descending)
                           : std::nullopt;
    const std::string name = truncate_text(score_field, 64);
    const std::string_view direction = descending ? "desc" : "asc";
    Standing out;
    out.sentence =
        score ? fmt::format("its '{}' is {:.4g}, and the documents are sorted by that, {}",
                            name, *score, direction)
              : fmt::format("it has no number '{}', by which the documents are sorted, {}",
                            name, direction);
    out.evidence = {{"field", score_field},
                    {"direction", direction},
                    {"value", score ? json::value(*score) : json::value()}};
    return std::optional(std::move(out));
  }

  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    Ticker ticker(run.check);
    std::vector<std::optional<double>> scores;
    scores.reserve(input.size());
    std::size_t missing_count = 0;
    for (std::size_t i = 0; i < input.size(); ++i) {
      TRAWL_TRY(ticker.tick());
      scores.push_back(number_at(input, i, score_field, descending));
      if (!scores.back()) ++missing_count;
    }

    const std::vector<std::size_t> order = order_of(scores);
    StageOutput output;
    output.candidates = input.picked(order);
    if (normalize) {
      TRAWL_ASSIGN(const bool hidden, annotate(output.candidates, scores, order, ticker));
      if (hidden) {
        output.warnings.emplace_back(
            "some documents have a field 'sort_relevance' of their own, which normalize "
            "hides; rename it, or leave normalize out");
      }
    }
    if (feature_address && missing_count > 0) {
      output.warnings.push_back(fmt::format(
          "{} no number at '{}'; scores are not computed from "
          "feature_address",
          counted(missing_count, "document") + (missing_count == 1 ? " has" : " have"),
          score_field));
    }
    return output;
  }

 private:
  std::vector<std::size_t> order_of(
      const std::vector<std::optional<double>>& scores) const {
    std::vector<std::size_t> scored;
    std::vector<std::size_t> unscored;
    for (std::size_t i = 0; i < scores.size(); ++i)
      (scores[i] ? scored : unscored).push_back(i);
    std::stable_sort(scored.begin(), scored.end(), [&](std::size_t a, std::size_t b) {
      count_work();
      return descending ? *scores[a] > *scores[b] : *scores[a] < *scores[b];
    });
    if (missing == MissingScore::preserve) {
      std::vector<std::size_t> order(scores.size());
      auto next = scored.begin();
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = scores[i] ? *next++ : i;
      return order;
    }
    auto& front = missing == MissingScore::top ? unscored : scored;
    const auto& back = missing == MissingScore::top ? scored : unscored;
    front.insert(front.end(), back.begin(), back.end());
    return front;
  }

  // Whether that is what another stage of this kind has added.
  static bool is_annotation(const json::value& value) {
    const auto* object = value.if_object();
    return object != nullptr && object->size() == 3 &&
           object->contains("original_position") && object->contains("new_position") &&
           object->contains("normalized_score");
  }

  // Whether a field of the documents is hidden by that.
  static Result<bool> annotate(CandidateList& sorted,
                               const std::vector<std::optional<double>>& scores,
                               const std::vector<std::size_t>& order, Ticker& ticker) {
    bool hidden = false;
    std::optional<double> low;
    std::optional<double> high;
    for (const auto& score : scores) {
      if (!score) continue;
      low = std::min(low.value_or(*score), *score);
      high = std::max(high.value_or(*score), *score);
    }
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      TRAWL_TRY(ticker.tick());
      const auto& score = scores[order[i]];
      json::value normalized;
      // Where all scores are equal, none is worse than the best.
      if (score) normalized = *high > *low ? (*score - *low) / (*high - *low) : 1.0;
      json::value scratch;
      const json::value* before = sorted.find(i, engine_field::kSortRelevance, scratch);
      hidden |= before != nullptr && !before->is_null() && !is_annotation(*before);
      sorted.write(i, engine_field::kSortRelevance,
                   json::object{{"original_position", order[i]},
                                {"new_position", i},
                                {"normalized_score", normalized}});
    }
    return hidden;
  }
};

Result<std::unique_ptr<Stage>> make_sort_relevance(ObjectReader& in) {
  auto stage = std::make_unique<SortRelevance>();
  stage->score_field = in.string({"score_field"}, "score");
  if (stage->score_field.empty())
    in.fail("score_field", "is empty; give the path of a field");
  stage->descending =
      in.one_of({"direction", "order"}, true, {{"asc", false}, {"desc", true}});
  stage->missing = in.one_of({"missing_score"}, MissingScore::bottom,
                             {{"bottom", MissingScore::bottom},
                              {"top", MissingScore::top},
                              {"preserve", MissingScore::preserve}});
  stage->normalize = in.boolean({"normalize"}, false);
  stage->feature_address = in.optional_string({"feature_address"});
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::move(stage));
}

}  // namespace

StageDefinition sort_relevance_definition() {
  static constexpr std::string_view kShapeNames[] = {"direction"};
  StageDefinition definition;
  definition.stage_id = "sort_relevance";
  definition.category = "sort";
  definition.description =
      "Sorts the documents by their score, or by another number they carry. Stable: equal "
      "scores keep the order they had.";
  definition.icon = "trending-up";
  definition.parameter_schema = kSortRelevanceSchema;
  definition.make = make_sort_relevance;
  definition.shape_names = kShapeNames;
  return definition;
}

}  // namespace trawl
