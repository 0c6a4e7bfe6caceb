// trawl replay: runs an execution again, and says whether the same comes out.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/named_execution.h"
#include "cli/commands/replay_changes.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

struct ReplayFlags {
  std::vector<std::string> names;
  ReplayChanges changes;
  std::string inputs;
  bool no_record = false;
};

Outcome<json::value> body_of(const ReplayFlags& flags, Host& host) {
  TRAWL_ASSIGN(json::object body, body_of(flags.changes, host));
  if (!flags.inputs.empty()) {
    TRAWL_ASSIGN(body["inputs"], json_of_flag(flags.inputs, "--inputs", host));
  }
  if (flags.no_record) body["record"] = false;
  return json::value(std::move(body));
}

void show_side(Host& host, std::string_view name, const json::object& difference) {
  const auto* value = difference.if_contains({name.data(), name.size()});
  if (value == nullptr) return;
  const std::string text = to_json_text(*value);
  const std::size_t width = host.width > 14 ? host.width - 10 : 4;
  host.out << styled(fmt::format("  {:<8}", name), Style::dim, host.colour)
           << fit(printable(text), width) << '\n';
}

void show_replay(Host& host, const json::object& reply) {
  const bool identical = flag_at(reply, "identical");
  host.out << styled(printable(text_at(reply, "sentence")),
                     identical ? Style::good : Style::bad, host.colour)
           << '\n';
  if (const auto* difference = object_at(reply, "difference")) {
    show_side(host, "before", *difference);
    show_side(host, "after", *difference);
  }
  const std::string id = text_at(reply, "execution_id");
  const std::string original = text_at(reply, "original_execution_id");
  if (!id.empty() && id != "null") {
    host.out << styled(fmt::format("  {} is a replay of {}", id, original), Style::dim,
                       host.colour)
             << '\n';
    if (!identical) {
      host.out << styled(fmt::format("  compare them: trawl diff {} {}", original, id),
                         Style::dim, host.colour)
               << '\n';
    }
  }
  if (const auto* warnings = array_at(reply, "warnings")) {
    for (const auto& warning : *warnings) {
      host.err << "warning: " << printable(plain_text(warning)) << '\n';
    }
  }
}

Outcome<Exit> replay(Context& context, const ReplayFlags& flags) {
  TRAWL_ASSIGN(const json::value body, body_of(flags, context.host()));
  bool all_identical = true;
  for (const std::string& name : flags.names) {
    TRAWL_ASSIGN(const std::string id, find_execution_id(context, name));
    std::string raw;
    TRAWL_ASSIGN(
        const auto reply,
        context.call("POST", path({"v1", "retrievers", "executions", id, "replay"}), &body,
                     &raw));
    all_identical &= flag_at(reply, "identical");
    if (context.format() == Format::table) {
      if (flags.names.size() > 1) context.host().out << printable(id) << ": ";
      show_replay(context.host(), reply);
    } else {
      TRAWL_TRY(write_object(context, raw));
    }
  }
  return all_identical ? Exit::ok : Exit::differs;
}

}  // namespace

void add_replay(CLI::App& program, Context& context) {
  auto* command = program.add_subcommand(
      "replay", "Run an execution again, and say whether the same comes out");
  auto flags = std::make_shared<ReplayFlags>();
  command
      ->add_option("ids", flags->names,
                   "Ids, beginnings of ids, latest, or latest~2 for the third last")
      ->required()
      ->type_name("ID");
  add_replay_changes(*command, flags->changes);
  command->add_option("--inputs", flags->inputs, "Other inputs: JSON, @FILE, or -")
      ->type_name("JSON");
  command->add_flag("--no-record", flags->no_record, "Leave no trace in the history");
  command->footer(
      "Examples:\n"
      "  trawl replay latest\n"
      "  trawl replay exec_01M8 --set /stages/0/config/parameters/final_top_k=50\n"
      "  trawl replay latest --as-of now --no-record\n"
      "Ends with 0 where the same documents came out at every stage, and with 3 where "
      "not.");
  command->callback([&context, flags] {
    context.action = [&context, flags] { return replay(context, *flags); };
  });
}

}  // namespace trawl::cli
