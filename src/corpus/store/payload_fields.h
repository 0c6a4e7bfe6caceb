#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace trawl::store {

// Reads only those top-level fields of a JSON object that a set of dotted paths can lead
// into, which is several times faster than reading all of it.
class PayloadFields {
 public:
  explicit PayloadFields(const std::vector<std::string>& paths);

  //   internal  not a JSON object
  Result<json::object> read(std::string_view payload) const;

 private:
  std::unordered_set<std::string> keys_;
};

}  // namespace trawl::store
