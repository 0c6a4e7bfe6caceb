#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

// What people type who know other programs, and what it is called here.
namespace trawl::cli {

// The command that `word` most likely means below the last of `given` (trawl, executions),
// as it is typed, or "": "trawl executions list" for `trawl ls`.
std::string command_meant_by(std::string_view word,
                             const std::vector<const CLI::App*>& given);

// The same for a flag that the command does not have, with its value where that is part of
// it: "--status failed" for --failed. `flags` are those that it has.
std::string flag_meant_by(std::string_view flag, const std::vector<std::string>& flags);

// For an argument of a command that takes none, or no more: "--file x.json".
std::string use_of_argument(std::string_view word, const CLI::App& command);

}  // namespace trawl::cli
