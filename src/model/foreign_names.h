#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"

namespace trawl {

// A member of a row of history that is none of ours, and the field that is most likely
// meant: other programs say latency or startTime, and people misspell. `name` points into
// the row.
struct ForeignName {
  std::string_view name;   // In the row.
  std::string_view field;  // Empty: it resembles none, or one that the row has besides.
};

// Those of a row that parse_execution() leaves unread.
std::vector<ForeignName> foreign_names(const json::object& row);

}  // namespace trawl
