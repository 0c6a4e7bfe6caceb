#include "ledger/record/secret_stages.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/record/redacted_json.h"
#include "ledger/record/runner_message.h"

namespace trawl {
namespace {

// Stands for what a stage said of values that may not be recorded.
constexpr std::string_view kWithheld =
    "not recorded, as it may quote inputs that are not recorded either";

// Whether a text or a {"type": "dynamic"} object in it may be filled in.
bool has_template(const json::value& value) {
  if (const auto* text = value.if_string()) {
    return view(*text).find("{{") != std::string_view::npos;
  }
  if (const auto* array = value.if_array()) {
    return std::any_of(array->begin(), array->end(), has_template);
  }
  const auto* object = value.if_object();
  if (object == nullptr) return false;
  const auto* type = object->if_contains("type");
  if (type != nullptr && *type == "dynamic") return true;
  return std::any_of(object->begin(), object->end(),
                     [](const auto& field) { return has_template(field.value()); });
}

}  // namespace

void SecretStages::withhold(Execution& execution) const {
  const bool any = all_inputs_ || !inputs_.empty() || written_ != recorded_;
  if (!any) return;
  bool failed_stage_is_open = false;
  for (std::size_t i = 0; i < execution.stages.size(); ++i) {
    StageRecord& stage = execution.stages[i];
    if (!is_secret(stage, i)) {
      failed_stage_is_open |= execution.failed_stage == stage.stage_name;
      continue;
    }
    if (stage.error && !is_runner_message(*stage.error)) stage.error = kWithheld;
    if (!stage.warnings.empty()) {
      stage.warnings = {fmt::format("{} warning{} {}", stage.warnings.size(),
                                    stage.warnings.size() == 1 ? " is" : "s are",
                                    kWithheld)};
    }
    forget_content(stage);
  }
  if (execution.error && !failed_stage_is_open && !is_runner_message(*execution.error)) {
    execution.error = execution.failed_stage
                          ? fmt::format("stage '{}' failed; its message is {}",
                                        *execution.failed_stage, kWithheld)
                          : fmt::format("the message is {}", kWithheld);
  }
}

bool SecretStages::is_secret(const StageRecord& stage, std::size_t place) const {
  const json::value* written = stage_at(written_, place);
  const json::value* recorded = stage_at(recorded_, place);
  if (written == nullptr || recorded == nullptr) return true;
  const json::value* name = member_of(*written, "stage_name");
  if (name == nullptr || *name != json::string_view(stage.stage_name)) return true;
  if (*written != *recorded) return true;
  // Of the config, with the filters beside the parameters.
  const json::value* config = member_of(*written, "config");
  if (config == nullptr) return true;
  if (!all_inputs_ && inputs_.empty()) return false;
  if (!inputs_read_) return has_template(*config);
  const auto names = inputs_read_(*config);
  if (!names) return true;
  if (all_inputs_) return !names->empty();
  return std::any_of(names->begin(), names->end(),
                     [this](const auto& read) { return inputs_.count(read) != 0; });
}

const json::value* SecretStages::stage_at(const json::value& pipeline, std::size_t place) {
  const json::value* stages = member_of(pipeline, "stages");
  const json::array* list = stages == nullptr ? nullptr : stages->if_array();
  return list == nullptr ? nullptr : list->if_contains(place);
}

}  // namespace trawl
