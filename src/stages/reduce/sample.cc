#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "stages/definitions.h"
#include "stages/not_lost.h"
#include "stages/reduce/grouping.h"
#include "stages/reduce/sampling.h"
#include "stages/values.h"

namespace trawl {
namespace {

constexpr std::string_view kSampleSchema = R"json({
  "type": "object",
  "properties": {
    "count": {
      "type": "integer", "default": 10, "minimum": 1, "maximum": 1000,
      "description": "Number of documents; if there are fewer, all are kept. Also read as size and limit."
    },
    "strategy": {
      "type": "string", "enum": ["random", "stratified", "reservoir", "systematic"], "default": "random",
      "description": "random and reservoir: every document is equally likely. stratified: in proportion to the groups of stratify_by. systematic: at equal distances from a random start. Also read as method."
    },
    "stratify_by": {
      "type": ["string", "null"], "default": null,
      "description": "Dotted path of the field whose values are the strata; required for stratified. Also read as group_field."
    },
    "min_per_stratum": {
      "type": "integer", "default": 1, "minimum": 0,
      "description": "Minimum number of documents from every stratum, as far as count allows; larger strata go first. Also read as samples_per_group."
    },
    "allocation": {
      "type": "string", "enum": ["proportional"], "default": "proportional",
      "description": "How the documents are shared out among the strata."
    },
    "seed": {
      "type": ["integer", "null"], "default": null,
      "description": "The same seed gives the same sample of the same documents; null draws a new one every time, and the stage's metadata names it."
    },
    "preserve_top_k": {
      "type": "integer", "default": 0, "minimum": 0,
      "description": "Always keeps this many of the documents with the best scores; they count towards count."
    }
  }
})json";

constexpr std::string_view kSampleBounds[] = {"count", "size", "limit"};

constexpr std::size_t kCountMax = 1000;

enum class Strategy { random, stratified, reservoir, systematic };

constexpr std::string_view word(Strategy strategy) {
  switch (strategy) {
    case Strategy::random:
      return "random";
    case Strategy::stratified:
      return "stratified";
    case Strategy::reservoir:
      return "reservoir";
    case Strategy::systematic:
      return "systematic";
  }
  return "";
}

class Sample : public Stage {
 public:
  std::size_t count = 10;
  Strategy strategy = Strategy::random;
  std::string stratify_by;
  std::size_t min_per_stratum = 1;
  std::optional<std::int64_t> seed;
  std::size_t preserve_top_k = 0;

  StageTraits traits() const override {
    return {.keeps_order = true, .deterministic = seed.has_value()};
  }
  FieldSet fields_read() const override {
    return strategy == Strategy::stratified ? FieldSet({stratify_by}) : FieldSet();
  }
  FieldSet fields_needed() const override { return fields_read(); }

  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    const std::int64_t used = seed.value_or(run.seed);
    StageOutput output;
    output.seed = used;
    json::object about{
        {"method", json::string(word(strategy).data(), word(strategy).size())},
        {"input_count", input.size()},
        {"seed", used}};
    TRAWL_ASSIGN(const std::vector<bool> keep, draw(input, count, used, run.check, about));
    const std::size_t preserved = std::min({preserve_top_k, count, input.size()});

    // In the order they came, so a sample of a ranking is still a ranking.
    CandidateList::Positions kept;
    for (std::size_t i = 0; i < input.size(); ++i) {
      if (keep[i]) kept.push_back(i);
    }
    output.candidates = input.picked(kept);
    about["sampled_count"] = output.candidates.size();
    about["preserved_count"] = preserved;
    output.metadata["sample"] = std::move(about);
    return output;
  }

  Result<Loss> explain_loss(const LostDocument& lost, StageRun& run) const override {
    if (!lost.position) return not_given();
    const std::int64_t used = seed.value_or(run.seed);
    Loss out;
    out.reason = "not_drawn";
    out.sentence = fmt::format("{} of {} were drawn, and it was not among them", count,
                               lost.input.size());
    out.evidence = {{"count", count}, {"input_count", lost.input.size()}, {"seed", used}};
    // A larger sample of the same seed need not hold a smaller one, so each is drawn.
    std::size_t steps = 0;
    for (std::size_t more = count + 1; more <= std::min(kCountMax, lost.input.size());
         ++more) {
      json::object about;
      TRAWL_ASSIGN(const std::vector<bool> keep,
                   draw(lost.input, more, used, run.check, about));
      if (keep[*lost.position]) {
        out.changes.push_back(change_parameter("count", more));
        break;
      }
      steps += lost.input.size();
      if (steps > kTriedMax) break;
    }
    return out;
  }

 private:
  // Which are kept, where `wanted_count` are.
  Result<std::vector<bool>> draw(const CandidateList& input, std::size_t wanted_count,
                                 std::int64_t used, const Checkpoint& check,
                                 json::object& about) const {
    SampleRandom random(static_cast<std::uint64_t>(used));
    std::vector<bool> keep(input.size(), false);
    const std::size_t preserved = std::min({preserve_top_k, wanted_count, input.size()});
    if (preserved > 0) {
      const auto best = order_by_score(input);
      for (std::size_t i = 0; i < preserved; ++i) keep[best[i]] = true;
    }
    std::vector<std::size_t> pool;
    for (std::size_t i = 0; i < input.size(); ++i) {
      if (!keep[i]) pool.push_back(i);
    }
    const std::size_t wanted = wanted_count - preserved;
    if (strategy == Strategy::stratified) {
      TRAWL_TRY(take_stratified(input, pool, wanted, random, check, keep, about));
    } else {
      const auto chosen = strategy == Strategy::random
                              ? sample_random(pool.size(), wanted, random)
                          : strategy == Strategy::reservoir
                              ? sample_reservoir(pool.size(), wanted, random)
                              : sample_systematic(pool.size(), wanted, random);
      for (const std::size_t i : chosen) keep[pool[i]] = true;
    }
    return keep;
  }

  Result<void> take_stratified(const CandidateList& input,
                               const std::vector<std::size_t>& pool, std::size_t wanted,
                               SampleRandom& random, const Checkpoint& check,
                               std::vector<bool>& keep, json::object& about) const {
    TRAWL_ASSIGN(const std::vector<Group> strata,
                 group_by_field(input.picked(pool), stratify_by, ListGroups::whole, check));
    std::vector<std::size_t> sizes;
    for (const Group& stratum : strata) sizes.push_back(stratum.members.size());
    const auto shares = allocate_strata(sizes, wanted, min_per_stratum);
    json::array totals;
    for (std::size_t s = 0; s < strata.size(); ++s) {
      for (const std::size_t i : sample_random(sizes[s], shares[s], random)) {
        keep[pool[strata[s].members[i]]] = true;
      }
      if (totals.size() < kStrataListedMax) {
        totals.push_back(json::object{
            {"value", strata[s].key}, {"available", sizes[s]}, {"sampled", shares[s]}});
      }
    }
    about["stratify_by"] = stratify_by;
    about["total_strata"] = strata.size();
    about["strata"] = std::move(totals);
    return {};
  }

  // A field that is different in every document must not make the metadata as large as
  // the documents.
  static constexpr std::size_t kStrataListedMax = 1000;
  // What a larger count may be looked for: documents times counts.
  static constexpr std::size_t kTriedMax = 20'000'000;
};

Result<std::unique_ptr<Stage>> make_sample(ObjectReader& in) {
  auto stage = std::make_unique<Sample>();
  stage->count =
      static_cast<std::size_t>(in.integer({"count", "size", "limit"}, 10, 1, kCountMax));
  stage->strategy = in.one_of({"strategy", "method"}, Strategy::random,
                              {{"random", Strategy::random},
                               {"stratified", Strategy::stratified},
                               {"reservoir", Strategy::reservoir},
                               {"systematic", Strategy::systematic}});
  const json::value* stratify_by = in.find({"stratify_by", "group_field"});
  stage->stratify_by = in.string({"stratify_by", "group_field"});
  if (stage->strategy == Strategy::stratified) {
    if (stratify_by == nullptr) {
      in.fail("stratify_by", "is required for stratified; give the path of a field");
    } else if (stage->stratify_by.empty() && !in.is_template(*stratify_by)) {
      in.fail("stratify_by", "is empty; give the path of a field");
    }
  }
  constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();
  stage->min_per_stratum = static_cast<std::size_t>(
      in.integer({"min_per_stratum", "samples_per_group"}, 1, 0, kAny));
  in.one_of({"allocation"}, 0, {{"proportional", 0}});
  stage->seed =
      in.optional_integer({"seed"}, std::numeric_limits<std::int64_t>::min(), kAny);
  stage->preserve_top_k =
      static_cast<std::size_t>(in.integer({"preserve_top_k"}, 0, 0, kAny));
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::move(stage));
}

}  // namespace

StageDefinition sample_definition() {
  static constexpr std::string_view kShapeNames[] = {"strategy"};
  StageDefinition definition;
  definition.stage_id = "sample";
  definition.category = "reduce";
  definition.description =
      "Keeps a random part of the documents, in the order they came. With a seed the same "
      "documents give the same sample.";
  definition.icon = "shuffle";
  definition.parameter_schema = kSampleSchema;
  definition.make = make_sample;
  definition.shape_names = kShapeNames;
  definition.bounds = kSampleBounds;
  return definition;
}

}  // namespace trawl
