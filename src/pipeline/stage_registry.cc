#include "pipeline/stage_registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace trawl {

void StageRegistry::add(const StageDefinition& definition) {
  definitions_.push_back(definition);
}

void StageRegistry::add_not_enabled(std::string_view stage_id) {
  not_enabled_.emplace_back(stage_id);
}

const StageDefinition* StageRegistry::find_exactly(std::string_view stage_id) const {
  for (const auto& definition : definitions_) {
    if (definition.stage_id == stage_id) return &definition;
  }
  return nullptr;
}

const StageDefinition* StageRegistry::plain_reader() const {
  for (const auto& definition : definitions_) {
    if (definition.reads_collections && !definition.filter_parameter.empty()) {
      return &definition;
    }
  }
  return nullptr;
}

Result<const StageDefinition*> StageRegistry::find(std::string_view stage_id,
                                                   std::string_view location) const {
  if (const auto* found = find_exactly(stage_id)) return found;
  for (const auto& definition : definitions_) {
    const auto& aliases = definition.aliases;
    if (std::find(aliases.begin(), aliases.end(), stage_id) != aliases.end()) {
      return &definition;
    }
  }
  if (std::find(not_enabled_.begin(), not_enabled_.end(), stage_id) != not_enabled_.end()) {
    Error error =
        make_error(ErrorCode::not_enabled,
                   fmt::format("the stage '{}' is not offered by this server; GET "
                               "/v1/retrievers/stages lists those that exist",
                               stage_id));
    error.location = location;
    return error;
  }
  std::vector<std::string_view> names;
  for (const auto& definition : definitions_) names.push_back(definition.stage_id);
  for (const auto& name : not_enabled_) names.push_back(name);
  return invalid_at(
      std::string(location),
      fmt::format("{} '{}' is not a stage{}; GET /v1/retrievers/stages lists those "
                  "that exist",
                  location, truncate_text(stage_id, 64), did_you_mean(stage_id, names)));
}

}  // namespace trawl
