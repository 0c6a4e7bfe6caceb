// trawl fork: goes on from a stage of an execution through other stages.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/field_path.h"
#include "cli/commands/commands.h"
#include "cli/commands/named_execution.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kForkResultsShown = 10;

struct ForkFlags {
  std::string execution;
  std::string from_stage;
  std::string stages;
  std::string as_of = "then";
  bool no_record = false;
};

// A list of stages, or a retriever that has one.
Outcome<json::array> read_stages(const std::string& file, Host& host) {
  TRAWL_ASSIGN(const std::string text, read_input(file, host));
  const auto parsed = parse_json(text);
  if (!parsed) {
    return usage_failure(
        fmt::format("{} is not JSON: {}", printable(file), parsed.error().message));
  }
  if (const auto* list = parsed->if_array()) return *list;
  if (const auto* object = parsed->if_object()) {
    if (const auto* list = array_at(*object, "stages")) return *list;
  }
  return usage_failure(fmt::format(
      "{} is neither a list of stages nor has one as \"stages\"", printable(file)));
}

json::value named_or_numbered(const std::string& text) {
  const bool is_place =
      !text.empty() && text.size() < 4 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_place ? json::value(std::stoi(text)) : json::value(text);
}

void show_fork(Host& host, const json::object& reply, bool completed) {
  host.out << styled(printable(text_at(reply, "sentence")),
                     completed ? Style::good : Style::bad, host.colour)
           << '\n';
  const auto* results = array_at(reply, "results");
  if (results != nullptr && !results->empty()) {
    Table table({{"RANK", true}, {"DOCUMENT", false, true, 12}, {"SCORE", true}},
                host.width, host.colour);
    std::vector<std::vector<Cell>> rows;
    for (const auto& each : *results) {
      if (rows.size() == kForkResultsShown) break;
      const json::object& result = each.get_object();
      const auto* score = find_path(result, "score");
      const std::string id = text_at(result, "document_id");
      rows.push_back(
          {{format_count(static_cast<std::int64_t>(rows.size()) + 1)},
           {id.empty() ? "(a row)" : printable(id)},
           {score != nullptr && is_number(*score) ? format_number(as_double(*score), 4)
                                                  : std::string("-")}});
    }
    host.out << '\n' << table.lines(rows);
  }
  const std::string id = text_at(reply, "execution_id");
  const std::string original = text_at(reply, "original_execution_id");
  if (!id.empty() && id != "null") {
    host.out << '\n'
             << styled(fmt::format("  {} is a fork of {}\n  compare them: trawl diff {} {}",
                                   id, original, original, id),
                       Style::dim, host.colour)
             << '\n';
  }
  if (const auto* warnings = array_at(reply, "warnings")) {
    for (const auto& warning : *warnings) {
      host.err << "warning: " << printable(plain_text(warning)) << '\n';
    }
  }
}

Outcome<Exit> fork(Context& context, const ForkFlags& flags) {
  json::object body{{"from_stage", named_or_numbered(flags.from_stage)},
                    {"as_of", flags.as_of}};
  TRAWL_ASSIGN(body["stages"], read_stages(flags.stages, context.host()));
  if (flags.no_record) body["record"] = false;
  TRAWL_ASSIGN(const std::string id, find_execution_id(context, flags.execution));
  const json::value sent = std::move(body);
  std::string raw;
  TRAWL_ASSIGN(const auto reply,
               context.call("POST", path({"v1", "retrievers", "executions", id, "fork"}),
                            &sent, &raw));
  const auto* execution = object_at(reply, "execution");
  const bool completed =
      execution != nullptr && text_at(*execution, "status") == "completed";
  if (context.format() == Format::table) {
    show_fork(context.host(), reply, completed);
  } else {
    TRAWL_TRY(write_object(context, raw));
  }
  return completed ? Exit::ok : Exit::refused;
}

}  // namespace

void add_fork(CLI::App& program, Context& context) {
  auto* command = program.add_subcommand(
      "fork", "Go on from a stage of an execution through other stages");
  auto flags = std::make_shared<ForkFlags>();
  command
      ->add_option("execution", flags->execution,
                   "An id, the beginning of one, latest, or latest~2")
      ->required()
      ->type_name("ID");
  command
      ->add_option("--from-stage", flags->from_stage,
                   "The last stage that stays, by its name, or by its place from 0")
      ->required()
      ->type_name("STAGE");
  command
      ->add_option("--stages", flags->stages,
                   "The stages that follow: a file with a list of them, or with a "
                   "retriever, or - for standard input")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--as-of", flags->as_of,
                   "The documents of then, of now, or of a time [then]")
      ->type_name("WHEN");
  command->add_flag("--no-record", flags->no_record, "Leave no trace in the history");
  command->footer(
      "Example:\n"
      "  trawl fork latest --from-stage search --stages other_stages.json\n"
      "Where the record has what that stage handed on, nothing before it is run again.\n"
      "Exit status 1 when the fork failed; its record stays in the history.");
  command->callback([&context, flags] {
    context.action = [&context, flags] { return fork(context, *flags); };
  });
}

}  // namespace trawl::cli
