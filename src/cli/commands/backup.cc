#include "app/backup.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <memory>
#include <ostream>
#include <string>

#include "cli/commands/commands.h"
#include "cli/commands/data_directory.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/status_line.h"

namespace trawl::cli {
namespace {

struct BackupArguments {
  DataDirectoryFlags from;
  std::string target;
  bool force = false;
};

Outcome<Exit> back_up(Context& context, const BackupArguments& arguments) {
  Host& host = context.host();
  TRAWL_ASSIGN(const std::string data_dir, data_directory(arguments.from, host));
  // Seen as an error of the write that caused it.
  std::signal(SIGXFSZ, SIG_IGN);
  StatusLine line(host);
  const auto report = app::back_up(
      data_dir, arguments.target, arguments.force,
      [&](std::uint64_t bytes, std::uint64_t total) {
        if (!line.is_due()) return;
        const auto copied = static_cast<double>(bytes);
        line.show(fmt::format("copying  {} of {}  {}/s", format_bytes(copied),
                              format_bytes(static_cast<double>(std::max(total, bytes))),
                              format_bytes(copied / std::max(1e-3, line.elapsed_s()))));
      });
  line.clear();
  if (!report) return failure_of(report.error());
  const double seconds = line.elapsed_s();
  if (context.format() == Format::table) {
    host.out << fmt::format(
        "backed up {}, {} in {}, in {} to {}\n"
        "restore: trawl serve --data-dir {}\n",
        format_things(static_cast<std::int64_t>(report->executions), "execution"),
        format_bytes(static_cast<double>(report->bytes)),
        format_things(static_cast<std::int64_t>(report->files.size()), "file"),
        format_duration_ms(seconds * 1e3), printable(arguments.target),
        printable(arguments.target));
    return Exit::ok;
  }
  json::array files;
  for (const auto& file : report->files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}});
  }
  return write_object(context, to_json_text(json::object{{"directory", arguments.target},
                                                         {"executions", report->executions},
                                                         {"bytes", report->bytes},
                                                         {"seconds", seconds},
                                                         {"files", std::move(files)}}));
}

}  // namespace

void add_backup(CLI::App& program, Context& context) {
  auto arguments = std::make_shared<BackupArguments>();
  auto* command = program.add_subcommand(
      "backup", "Copy a data directory, even while a server uses it");
  command->add_option("dir", arguments->target, "Destination; DIR.partial until complete")
      ->required()
      ->type_name("DIR");
  add_data_directory_flags(*command, arguments->from);
  command->add_flag("--force", arguments->force, "Replace an earlier backup in DIR");
  command->footer(
      "Examples:\n"
      "  trawl backup --data-dir ./data /backups/trawl-2026-01-31\n"
      "  trawl serve --data-dir /backups/trawl-2026-01-31    # restores it\n"
      "The server keeps running; its write-ahead logs grow until the backup is done.");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return back_up(context, *arguments); };
  });
}

}  // namespace trawl::cli
