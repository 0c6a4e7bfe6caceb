#include "stages/definitions.h"

namespace trawl {
namespace {

constexpr std::string_view kLimitSchema = R"json({
  "type": "object",
  "properties": {
    "limit": {
      "type": "integer", "default": 10, "minimum": 1, "maximum": 10000,
      "description": "Documents kept."
    },
    "offset": {
      "type": "integer", "default": 0, "minimum": 0, "maximum": 10000,
      "description": "Documents skipped first; past the end nothing is left."
    }
  }
})json";

constexpr std::string_view kLimitBounds[] = {"limit"};

class Limit : public Stage {
 public:
  std::size_t limit = 10;
  std::size_t offset = 0;

  StageTraits traits() const override { return {.keeps_order = true}; }
  FieldSet fields_read() const override { return {}; }

  Result<StageOutput> run(CandidateList input, StageRun&) const override {
    StageOutput output;
    output.metadata = {{"total", input.size()}, {"offset", offset}, {"limit", limit}};
    output.candidates = input.slice(offset, limit);
    return output;
  }
};

Result<std::unique_ptr<Stage>> make_limit(ObjectReader& in) {
  auto stage = std::make_unique<Limit>();
  stage->limit = static_cast<std::size_t>(in.integer({"limit"}, 10, 1, 10'000));
  stage->offset = static_cast<std::size_t>(in.integer({"offset"}, 0, 0, 10'000));
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::move(stage));
}

}  // namespace

StageDefinition limit_definition() {
  StageDefinition definition;
  definition.stage_id = "limit";
  definition.category = "reduce";
  definition.description = "Keeps the documents from `offset` on, `limit` of them.";
  definition.icon = "list-end";
  definition.parameter_schema = kLimitSchema;
  definition.make = make_limit;
  definition.bounds = kLimitBounds;
  return definition;
}

}  // namespace trawl
