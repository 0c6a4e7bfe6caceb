#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace trawl {

// What the list shows of the inputs of an execution: the one named query, else the first
// text among them, else all as compact JSON; nothing where there are none. One line of at
// most 200 characters. `inputs_text` is their compact JSON, where there is one already.
std::optional<std::string> summarize_inputs(const json::object& inputs,
                                            std::string_view inputs_text = {});

// A text as such a line.
std::string summary_line(std::string_view text);

}  // namespace trawl
