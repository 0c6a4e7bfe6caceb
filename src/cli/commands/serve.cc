#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "app/serve.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/context.h"

namespace trawl::cli {

void add_serve(CLI::App& program, Context& context) {
  auto flags = std::make_shared<app::ServeFlags>();
  auto* command = program.add_subcommand("serve", "Run the server until it is stopped");
  command->add_option("-c,--config", flags->config, "Configuration (TOML)")
      ->type_name("FILE");
  command->add_option("-d,--data-dir", flags->data_dir, "Where all data is kept")
      ->type_name("DIR");
  command
      ->add_option("-l,--listen", flags->listen, "Address and port, as in 127.0.0.1:8080")
      ->type_name("ADDRESS");
  command
      ->add_option("--models-dir", flags->models_directory,
                   "Where embedding models are [DIR/models]")
      ->type_name("DIR");
  command->add_option("--log-format", flags->log_format, "text or json")
      ->type_name("FORMAT");
  command
      ->add_option("--log-level", flags->log_level,
                   "trace, debug, info, warning, error, critical or off")
      ->type_name("LEVEL");
  command->add_flag("--accept-missing-log", flags->accept_missing_log,
                    "Start even if files were copied without their log");
  command->footer("Example:\n  trawl serve --data-dir ./data --listen 127.0.0.1:8080");
  command->callback([&context, flags] {
    context.action = [flags]() -> Outcome<Exit> {
      std::int64_t port = 0;
      if (flags->listen && parse_integer(*flags->listen, port)) {
        return usage_failure(fmt::format(
            "--listen is '{0}'; use HOST:PORT, such as 127.0.0.1:{0}", *flags->listen));
      }
      return static_cast<Exit>(app::serve(*flags));
    };
  });
}

}  // namespace trawl::cli
