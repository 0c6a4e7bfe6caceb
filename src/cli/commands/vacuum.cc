#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>
#include <string>

#include "cli/commands/commands.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/row_writer.h"

namespace trawl::cli {
namespace {

Outcome<Exit> vacuum(Context& context) {
  std::string raw;
  TRAWL_ASSIGN(auto reply, context.call("POST", path({"v1", "vacuum"}), nullptr, &raw));
  if (context.format() != Format::table) {
    context.print_raw(raw);
    return Exit::ok;
  }
  auto& host = context.host();
  const std::int64_t removed = count_at(reply, "removed_documents");
  host.out << fmt::format("removed {} replaced or deleted document{}\n",
                          format_count(removed), removed == 1 ? "" : "s");
  const json::array* collections = array_at(reply, "collections");
  if (collections == nullptr) return Exit::ok;
  for (const auto& each : *collections) {
    const json::object& kept = each.get_object();
    std::string line =
        fmt::format("{} keeps {} of them ({}), to version {} of {}",
                    printable(text_at(kept, "collection_id")),
                    format_count(count_at(kept, "superseded_documents")),
                    format_bytes(number_at(kept, "superseded_bytes")),
                    count_at(kept, "oldest_version"), printable(text_at(kept, "since")));
    if (text_at(kept, "last_cut.reason") == "room") {
      line += fmt::format("; older ones went for want of room on {}",
                          printable(text_at(kept, "last_cut.at")));
    }
    host.out << line << '\n';
  }
  return Exit::ok;
}

}  // namespace

void add_vacuum(CLI::App& program, Context& context) {
  auto* command = program.add_subcommand(
      "vacuum", "Remove replaced and deleted documents that nothing needs any more");
  command->footer(
      "Example:\n"
      "  trawl vacuum\n"
      "The server does this once an hour. It keeps what was replaced or deleted within\n"
      "keep_superseded_days, and what executions of the last replay_days searched, as far\n"
      "as that takes no more than replay_bytes_max. Needs a key with the permission "
      "admin.");
  command->callback(
      [&context] { context.action = [&context] { return vacuum(context); }; });
}

}  // namespace trawl::cli
