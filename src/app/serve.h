#pragma once

#include <optional>
#include <string>

namespace trawl::app {

struct ServeFlags {
  std::optional<std::string> config, data_dir, listen, log_format, log_level,
      models_directory;
  bool accept_missing_log = false;
};

// Runs the server until SIGTERM or SIGINT, which it blocks in this thread and those that it
// starts. Returns the exit status: 0 after a clean stop,
// 1 when it could not start, 2 for a bad setting.
int serve(const ServeFlags& flags);

}  // namespace trawl::app
