#include <fmt/format.h>

#include "stages/definitions.h"
#include "stages/not_lost.h"

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

  Result<Loss> explain_loss(const LostDocument& lost, StageRun&) const override {
    if (!lost.position) return not_given();
    const std::size_t rank = *lost.position + 1;
    Loss out;
    out.evidence = {{"rank", rank}, {"limit", limit}, {"offset", offset}};
    if (rank <= offset) {
      out.reason = "before_offset";
      out.sentence =
          fmt::format("it is at rank {}, and the first {} are skipped", rank, offset);
      out.changes.push_back(change_parameter("offset", rank - 1));
    } else {
      out.reason = "beyond_limit";
      out.sentence = fmt::format("it is at rank {}, and only those up to {} are kept", rank,
                                 offset + limit);
      out.changes.push_back(change_parameter("limit", rank - offset));
    }
    return out;
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
