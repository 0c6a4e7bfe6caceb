#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace trawl {

// The text that the parameters of a source look for: the first under a key "query", "text",
// "value" or "input", looking inside searches.
std::optional<std::string> find_query_text(const json::object& parameters);

}  // namespace trawl
