#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>
#include <string>

#include "cli/commands/commands.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/row_writer.h"

namespace trawl::cli {
namespace {

std::string size_text(const json::object& kept) {
  const double bytes = number_at(kept, "superseded_bytes", -1);
  return bytes < 0 ? "of a size not known yet" : format_bytes(bytes);
}

Outcome<Exit> vacuum(Context& context) {
  std::string raw;
  TRAWL_ASSIGN(auto reply, context.call("POST", path({"v1", "vacuum"}), nullptr, &raw));
  if (context.format() != Format::table) return write_object(context, raw);
  auto& host = context.host();
  const std::int64_t removed = count_at(reply, "removed_documents");
  host.out << (removed == 0 ? std::string("nothing to remove\n")
                            : fmt::format("removed {} that had been replaced or deleted\n",
                                          format_things(removed, "document")));
  const json::array* collections = array_at(reply, "collections");
  if (collections == nullptr) return Exit::ok;
  for (const auto& each : *collections) {
    const json::object& kept = each.get_object();
    const auto documents = count_at(kept, "superseded_documents");
    std::string line = fmt::format(
        "{}: {} that {} replaced or deleted {} kept ({}); versions from {} on can be read, "
        "that is since {}",
        text_at(kept, "collection_id"), format_things(documents, "document"),
        documents == 1 ? "was" : "were", documents == 1 ? "is" : "are", size_text(kept),
        count_at(kept, "oldest_version"), local_time_text(text_at(kept, "since")));
    if (text_at(kept, "last_cut.reason") == "room") {
      line += fmt::format("; older ones went on {}, as replay_bytes_max was full",
                          local_time_text(text_at(kept, "last_cut.at")));
    }
    host.out << printable(line) << '\n';
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
