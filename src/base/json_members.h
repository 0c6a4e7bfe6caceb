#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace trawl {

// Reads only those members of a JSON object that a set of dotted paths (base/field_path.h)
// can lead into, which is several times faster than reading all of it. For text of our own,
// not for what clients send.
class JsonMembers {
 public:
  explicit JsonMembers(const std::vector<std::string>& paths);

  //   internal  not a JSON object
  Result<json::object> read(std::string_view payload) const;

 private:
  bool wants(const std::string& key) const;

  std::unordered_set<std::string> keys_;
  std::vector<std::string> long_paths_;  // Of too many names to list where keys may end.
};

}  // namespace trawl
