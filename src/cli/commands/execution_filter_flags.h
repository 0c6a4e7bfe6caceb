#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/failure.h"

namespace CLI {
class App;
}

namespace trawl::cli {

// Adds the flags that choose executions (--since, --status, --query, --where …) to a
// command. Once the line is parsed, the function that it returns makes of them the body
// of a list, without what was not given.
//   usage  --label, --where or a duration is not of its form
using MakeFilterBody = std::function<Outcome<json::object>()>;
// With `since_event` --since also takes the id of an event of a tail, as it stands.
MakeFilterBody add_filter_flags(CLI::App& command, bool since_event = false);

// "250", "250ms", "1.5s", "2m" or "1h" in milliseconds.
//   usage  anything else, or below zero
Outcome<double> parse_duration_ms(std::string_view flag, std::string_view text);

}  // namespace trawl::cli
