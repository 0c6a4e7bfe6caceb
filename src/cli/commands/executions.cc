#include <CLI/CLI.hpp>

#include "cli/client/upload.h"
#include "cli/commands/commands.h"
#include "cli/context.h"

#include <memory>
#include <string>

namespace trawl::cli {

void add_executions(CLI::App& program, Context& context) {
  auto* group = program.add_subcommand(
      "executions",
      "The history: list, count, show, follow, export, import or delete executions");
  group->require_subcommand(1);
  group->footer("Example:\n  trawl executions list --since -24h --status failed");
  add_executions_list(*group, context);
  add_executions_stats(*group, context);
  add_executions_show(*group, context);
  add_executions_tail(*group, context);
  add_executions_export(*group, context);
  add_executions_import(*group, context);
  add_executions_delete(*group, context);
}

void add_executions_import(CLI::App& executions, Context& context) {
  auto file = std::make_shared<std::string>();
  auto* command = executions.add_subcommand(
      "import", "Import history from another server, one execution per line");
  command->add_option("file", *file, "NDJSON, also .gz or .zst, or - for standard input")
      ->required()
      ->type_name("FILE");
  command->footer(
      "Examples:\n"
      "  trawl executions import history.ndjson.gz\n"
      "  trawl --url http://old:8080 executions list --all -o ndjson | "
      "trawl executions import -\n"
      "Executions that exist already are skipped. Exit status 1 when any line was "
      "refused.");
  command->callback([&context, file] {
    context.action = [&context, file] {
      return upload_ndjson(context, path({"v1", "retrievers", "executions", "import"}),
                           *file, "executions");
    };
  });
}

}  // namespace trawl::cli
