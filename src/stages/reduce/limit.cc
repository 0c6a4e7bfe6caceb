#include <algorithm>
#include <iterator>

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

  Result<StageOutput> run(std::vector<Candidate> input, StageContext&) const override {
    const std::size_t begin = std::min(offset, input.size());
    const std::size_t end = std::min(begin + limit, input.size());
    StageOutput output;
    output.metadata = {{"total", input.size()}, {"offset", offset}, {"limit", limit}};
    const auto at = [&](std::size_t i) {
      return std::make_move_iterator(input.begin() + static_cast<std::ptrdiff_t>(i));
    };
    output.candidates.assign(at(begin), at(end));
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
