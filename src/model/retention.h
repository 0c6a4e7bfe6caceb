#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace trawl {

// How long a namespace keeps its executions. An execution goes as soon as one rule says so;
// no rule keeps everything. Running executions stay.
struct RetentionPolicy {
  std::optional<std::int64_t> max_age_us;
  std::map<std::string, std::int64_t> status_max_age_us;  // Beats max_age_us for a status.
  std::optional<std::uint64_t> max_count;                 // The newest so many stay.
  // The newest that fit stay; what an execution takes is estimated from what all take.
  std::optional<std::uint64_t> max_bytes;

  bool empty() const {
    return !max_age_us && status_max_age_us.empty() && !max_count && !max_bytes;
  }
  bool operator==(const RetentionPolicy&) const = default;
};

}  // namespace trawl
