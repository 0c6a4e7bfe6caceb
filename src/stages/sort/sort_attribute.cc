#include <fmt/format.h>

#include "base/text.h"
#include "query/filter.h"
#include "stages/definitions.h"
#include "stages/not_lost.h"
#include "stages/sort/ordering.h"
#include "stages/ticker.h"
#include "stages/values.h"

namespace trawl {
namespace {

constexpr std::string_view kSortAttributeSchema = R"json({
  "type": "object",
  "properties": {
    "field": {
      "type": "string", "default": "metadata.created_at",
      "description": "Dotted path of the field to sort by. Where it passes through a list, the smallest value counts, and the greatest when descending. Also read as sort_field."
    },
    "direction": {
      "type": "string", "enum": ["asc", "desc"], "default": "desc",
      "description": "The order; any other word counts as desc. Also read as order."
    },
    "nulls_last": {
      "type": "boolean", "default": true,
      "description": "true: documents without the field come last. false: first when ascending, last when descending. null_handling (first, last) sets the place whatever the direction."
    }
  }
})json";

// Of a document that has several.
constexpr std::size_t kValuesShown = 20;

class SortAttribute : public Stage {
 public:
  std::string field;
  bool descending = true;
  MissingPlace missing = MissingPlace::last;
  std::vector<std::string> warnings;

  StageTraits traits() const override { return {}; }
  FieldSet fields_read() const override { return FieldSet({field}); }
  FieldSet fields_needed() const override { return fields_read(); }

  Result<Loss> explain_loss(const LostDocument& lost, StageRun&) const override {
    return lost.position ? loses_nothing() : not_given();
  }

  Result<std::optional<Standing>> explain_standing(const KeptDocument& kept,
                                                   StageRun&) const override {
    json::value scratch;
    json::array values;
    kept.values(field, scratch).for_each([&](const json::value& value) {
      if (!value.is_null() && values.size() < kValuesShown) values.push_back(value);
    });
    const std::string name = truncate_text(field, 64);
    const std::string_view direction = descending ? "desc" : "asc";
    Standing out;
    out.sentence =
        values.empty()
            ? fmt::format("it has no '{}', by which the documents are sorted, {}", name,
                          direction)
            : fmt::format("its '{}' is {}, and the documents are sorted by that, {}", name,
                          truncate_text(values.size() == 1 ? value_text(values.front())
                                                           : to_json_text(values),
                                        100),
                          direction);
    out.evidence = {
        {"field", field}, {"direction", direction}, {"values", std::move(values)}};
    return std::optional(std::move(out));
  }

  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    Ticker ticker(run.check);
    SortColumn column;
    for (std::size_t i = 0; i < input.size(); ++i) {
      TRAWL_TRY(ticker.tick());
      json::value scratch;
      column.add(sort_value(input.values(i, field, scratch), descending));
    }
    column.prepare();
    StageOutput output;
    output.candidates = input.picked(sorted_order(column, descending, missing));
    output.warnings = warnings;
    return output;
  }
};

Result<std::unique_ptr<Stage>> make_sort_attribute(ObjectReader& in) {
  auto stage = std::make_unique<SortAttribute>();
  stage->field = in.string({"field", "sort_field"}, "metadata.created_at");
  if (stage->field.empty()) in.fail("field", "is empty; give the path of a field");

  const std::string direction = in.string({"direction", "order"}, "desc");
  const std::string word = to_lower_ascii(direction);
  stage->descending = word != "asc" && word != "ascending";
  if (stage->descending && word != "desc" && word != "descending") {
    stage->warnings.push_back(
        fmt::format("direction '{}' is neither asc nor desc; sorted desc",
                    truncate_text(direction, 64)));
  }

  const bool nulls_last = in.boolean({"nulls_last"}, true);
  const bool natural_first = !nulls_last && !stage->descending;
  stage->missing =
      in.one_of({"null_handling"}, natural_first ? MissingPlace::first : MissingPlace::last,
                {{"first", MissingPlace::first}, {"last", MissingPlace::last}});
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::move(stage));
}

}  // namespace

StageDefinition sort_attribute_definition() {
  static constexpr std::string_view kAliases[] = {"sort_by_field"};
  static constexpr std::string_view kShapeNames[] = {"field", "direction"};
  StageDefinition definition;
  definition.stage_id = "sort_attribute";
  definition.aliases = kAliases;
  definition.category = "sort";
  definition.description =
      "Sorts the documents by one field: numbers numerically, times chronologically, false "
      "before true, other strings by their bytes; values of mixed types are compared as "
      "text. "
      "The sort is stable, so several of them in a row sort by several keys, the last one "
      "first.";
  definition.icon = "arrow-up-down";
  definition.parameter_schema = kSortAttributeSchema;
  definition.make = make_sort_attribute;
  definition.shape_names = kShapeNames;
  return definition;
}

}  // namespace trawl
