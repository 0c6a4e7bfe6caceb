#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/failure.h"
#include "cli/host.h"

namespace CLI {
class App;
}

namespace trawl::cli {

// The flags of commands that work on the files of a server.
struct DataDirectoryFlags {
  std::optional<std::string> config, data_dir;
};
void add_data_directory_flags(CLI::App& command, DataDirectoryFlags& flags);

// The data directory that `trawl serve` would use with these flags. Warnings go to the
// host's standard error.
//   usage  a setting is wrong
Outcome<std::string> data_directory(const DataDirectoryFlags& flags, Host& host);

// Exit::usage for what the command line got wrong (invalid, not_found, already_exists),
// else Exit::refused.
Failure failure_of(const Error& error);

}  // namespace trawl::cli
