#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace trawl {

// How long a namespace keeps its executions. An execution goes as soon as one rule says so;
// no rule keeps everything. Running executions stay.
struct RetentionPolicy {
  std::optional<std::int64_t> max_age_us;
  std::map<std::string, std::int64_t> status_max_age_us;  // Beats max_age_us for a status.
  std::optional<std::uint64_t> max_count;                 // The newest so many of the rest.
  // The newest of the rest that fit; what an execution takes is estimated from what all
  // take.
  std::optional<std::uint64_t> max_bytes;

  bool empty() const {
    return !max_age_us && status_max_age_us.empty() && !max_count && !max_bytes;
  }
  bool operator==(const RetentionPolicy&) const = default;
};

// {"max_age"?, "max_count"?, "max_bytes"?, "by_status"?: {status: age}}. An age is a number
// of seconds, or text such as "90m", "12h", "30d", "8w".
//   invalid  an unknown key, a value below 1, an age over 36500 days, more than 32 statuses
//            or `processing` among them; the location begins with `location`
Result<RetentionPolicy> parse_retention(const json::object& definition,
                                        const std::string& location);
// The normal form: parsing it gives an equal policy, where ages are whole seconds.
json::object retention_json(const RetentionPolicy& policy);

}  // namespace trawl
