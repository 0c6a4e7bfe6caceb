#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/strong_id.h"

namespace trawl {

// Which executions a list is about. All conditions hold together; both ends of the time
// range are included, to the microsecond.
struct ExecutionFilter {
  NamespaceId namespace_id;
  std::optional<std::string> status;
  std::optional<TimeUs> start_time;
  std::optional<TimeUs> end_time;

  bool operator==(const ExecutionFilter&) const = default;
};

}  // namespace trawl
