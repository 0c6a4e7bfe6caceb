#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace trawl {

// What the list shows of the inputs of an execution: the one named query, else the first
// text among them, else all as compact JSON; nothing where there are none. One line of at
// most 200 characters.
std::optional<std::string> summarize_inputs(const json::object& inputs);

// A text as such a line.
std::string summary_line(std::string_view text);

}  // namespace trawl
