#include "api/executions/chosen_fields.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/executions/execution_list_body.h"
#include "api/executions/replayable.h"
#include "model/execution_json.h"
#include "model/recorded_fields.h"

namespace trawl::api {
namespace {

bool is_in_rows(std::string_view choice) {
  return std::any_of(kRowFields.begin(), kRowFields.end(),
                     [&](const RecordedField& known) { return known.name == choice; });
}

}  // namespace

ChosenFields::ChosenFields(std::vector<std::string> fields) : fields_(std::move(fields)) {
  need_record_ = !std::all_of(fields_.begin(), fields_.end(), is_in_rows);
  tells_replayable_ =
      std::find_first_of(fields_.begin(), fields_.end(), std::begin(kReplayableMembers),
                         std::end(kReplayableMembers)) != fields_.end();
}

Result<json::object> ChosenFields::of(const Services& services, const NamespaceId& ns,
                                      json::object execution) const {
  if (tells_replayable_) {
    std::string detail = to_json_text(execution);
    add_replayable(services, ns, detail);
    TRAWL_ASSIGN(json::value parsed, parse_json(detail, kRecordDepthMax));
    execution = std::move(parsed.as_object());
  }
  json::object chosen;
  for (const std::string& field : fields_) {
    const std::string_view member = member_of_choice(field);
    const json::value* found = execution.if_contains({member.data(), member.size()});
    chosen[field] = found == nullptr ? json::value() : *found;
  }
  return chosen;
}

Result<json::object> ChosenFields::of(const Services& services, const NamespaceId& ns,
                                      std::string_view execution) const {
  TRAWL_ASSIGN(json::value parsed, parse_json(execution, kRecordDepthMax));
  return of(services, ns, std::move(parsed.as_object()));
}

}  // namespace trawl::api
