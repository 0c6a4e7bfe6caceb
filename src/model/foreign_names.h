#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"

namespace trawl {

// A member of a row of history that is none of ours, and the field that is most likely
// meant: other programs say latency or startTime, and people misspell. `name` points into
// the row.
struct ForeignName {
  std::string_view name;  // In the row.
  std::string_view field;
};

// Those of a row that parse_execution() leaves unread. What resembles nothing is the row's
// own affair.
std::vector<ForeignName> foreign_names(const json::object& row);

}  // namespace trawl
