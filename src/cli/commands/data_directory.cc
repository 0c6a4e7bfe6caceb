#include "cli/commands/data_directory.h"

#include <CLI/CLI.hpp>
#include <string>

#include "app/config.h"
#include "app/engines.h"
#include "cli/terminal/format.h"

namespace trawl::cli {

void add_data_directory_flags(CLI::App& command, DataDirectoryFlags& flags) {
  command
      .add_option("-d,--data-dir", flags.data_dir,
                  "The server's data directory [as `serve` finds it]")
      ->type_name("DIR");
  command.add_option("-c,--config", flags.config, "The server's configuration (TOML)")
      ->type_name("FILE");
}

Outcome<std::string> data_directory(const DataDirectoryFlags& flags, Host& host) {
  app::Overrides overrides;
  overrides.data_dir = flags.data_dir;
  const auto config = app::load_process_config(flags.config.value_or(""), overrides);
  if (!config) return usage_failure(config.error().message);
  for (const std::string& warning : config->warnings) {
    host.err << "trawl: " << printable(warning) << '\n';
  }
  for (const std::string& engine : {config->ledger_engine, config->corpus_engine}) {
    if (engine == app::kEmbedded) continue;
    return usage_failure("the configuration names the engine '" + engine +
                         "', which this command does not know; use what belongs to it");
  }
  return config->data_dir;
}

Failure failure_of(const Error& error) {
  const bool usage = error.code == ErrorCode::invalid ||
                     error.code == ErrorCode::not_found ||
                     error.code == ErrorCode::already_exists;
  Failure failure(usage ? Exit::usage : Exit::refused, error.message);
  if (!error.detail.empty()) failure.notes.push_back(error.detail);
  return failure;
}

}  // namespace trawl::cli
