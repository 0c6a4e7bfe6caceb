#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace trawl {

// A version of a collection that executions searched, and when the last of them began.
struct VersionUse {
  std::string collection_id;
  std::uint64_t version = 0;
  TimeUs last_used = 0;

  bool operator==(const VersionUse&) const = default;
};

}  // namespace trawl
