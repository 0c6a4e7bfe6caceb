#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"

namespace trawl {

// A place where two JSON values differ.
struct JsonChange {
  std::string path;  // A JSON pointer.
  bool has_before = false;
  bool has_after = false;
  json::value before;
  json::value after;
};

// The smallest parts that differ: members of objects by name, items of lists by place;
// numbers that are equal are the same, however they are written. At most `max` of them, in
// the order of `before`, then what only `after` has.
std::vector<JsonChange> json_changes(const json::value& before, const json::value& after,
                                     std::size_t max);

}  // namespace trawl
