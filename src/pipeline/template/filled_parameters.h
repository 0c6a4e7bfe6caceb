#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace trawl {

// Checks what templates have made of the parameters of a stage, at the places where it
// takes a text or an object (StageDefinition::text_places): "name", "name[]" for each item
// of a list, and names inside joined by dots. `written` are the parameters as they were
// sent, `location` their path.
//   invalid  a template stood for such a place and became an object; with its location
Result<void> check_filled(std::span<const std::string_view> text_places,
                          const json::object& written, const json::object& filled,
                          const std::string& location);

}  // namespace trawl
