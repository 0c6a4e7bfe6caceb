#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/services.h"
#include "base/json.h"
#include "base/result.h"

namespace trawl::api {

// What `fields` makes of executions: the members that were asked for, in that order, of
// field_choices().
class ChosenFields {
 public:
  ChosenFields() = default;  // None: executions stay as they are.
  explicit ChosenFields(std::vector<std::string> fields);

  bool empty() const { return fields_.empty(); }
  // Some of them are not in the rows of a list, but in whole records only.
  bool need_record() const { return need_record_; }
  // What the row or record lacks is null: records that were made before there was such a
  // field.
  Result<json::object> of(const Services& services, const NamespaceId& ns,
                          json::object execution) const;
  Result<json::object> of(const Services& services, const NamespaceId& ns,
                          std::string_view execution) const;

 private:
  std::vector<std::string> fields_;
  bool need_record_ = false;
  bool tells_replayable_ = false;
};

}  // namespace trawl::api
