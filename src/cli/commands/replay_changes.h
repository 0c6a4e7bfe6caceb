#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/failure.h"
#include "cli/host.h"

namespace CLI {
class App;
}

namespace trawl::cli {

// What a replay does otherwise than the original, as flags.
struct ReplayChanges {
  std::string as_of = "then";
  std::string externals = "recorded";
  std::vector<std::string> set;
  std::string patch;
};

// --as-of, --set, --patch and --externals. `changes` must outlive the command.
void add_replay_changes(CLI::App& command, ReplayChanges& changes);

// As members of the body of a replay.
//   usage  --set or --patch is not of its form, or a file cannot be read
Outcome<json::object> body_of(const ReplayChanges& changes, Host& host);

// JSON that stands in a flag: the text, @FILE, or - for standard input.
//   usage  it is not JSON, or cannot be read
Outcome<json::value> json_of_flag(const std::string& text, std::string_view flag,
                                  Host& host);

}  // namespace trawl::cli
