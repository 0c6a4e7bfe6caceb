#include "model/recorded_fields.h"

#include <algorithm>

namespace trawl {

std::vector<std::string> recorded::stage_ids(const Execution& execution) {
  std::vector<std::string> ids;
  ids.reserve(execution.stages.size());
  for (const StageRecord& stage : execution.stages) ids.push_back(stage.stage_id);
  return ids;
}

std::vector<std::string> recorded::returned_documents(const Execution& execution) {
  std::vector<std::string> ids;
  ids.reserve(execution.results.size());
  for (const ScoredId& result : execution.results) {
    if (!result.document_id.empty()) ids.push_back(result.document_id);
  }
  return ids;
}

const RecordedField* find_filter_field(std::string_view filter_name) {
  const auto found = std::find_if(
      kRecordedFields.begin(), kRecordedFields.end(), [&](const RecordedField& field) {
        return field.is(kFilter) && field.filter_name == filter_name;
      });
  return found == kRecordedFields.end() ? nullptr : &*found;
}

std::vector<std::string_view> filter_names(unsigned uses) {
  std::vector<std::string_view> names;
  for (const RecordedField& field : kRecordedFields) {
    if ((field.uses & uses) == uses) names.push_back(field.filter_name);
  }
  return names;
}

const std::vector<std::string_view>& detail_field_names() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names;
    for (const RecordedField& field : kRecordedFields) {
      if (field.kept != Kept::derived) names.push_back(field.name);
    }
    return names;
  }();
  return kNames;
}

const std::vector<std::string_view>& csv_field_names() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names;
    for (const RecordedField& field : kRecordedFields) {
      if (field.is(kCsv)) names.push_back(field.name);
    }
    return names;
  }();
  return kNames;
}

}  // namespace trawl
