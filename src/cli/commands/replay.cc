// trawl replay: runs an execution again, and says whether the same comes out.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/commands/checks.h"
#include "cli/commands/commands.h"
#include "cli/commands/named_execution.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

struct ReplayFlags {
  std::vector<std::string> names;
  std::string as_of = "then";
  std::string externals = "recorded";
  std::vector<std::string> set;
  std::string patch;
  std::string inputs;
  bool no_record = false;
};

// "/stages/0/config/parameters/top_k=50" as an operation of a JSON patch. What is no JSON
// is a text. "replace" refuses a path that leads nowhere, as a slip does, where "add" would
// make a new member that nothing reads.
Outcome<json::value> operation_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || text.front() != '/') {
    return usage_failure(
        fmt::format("--set '{}' is not PATH=VALUE; write it as in "
                    "--set /stages/0/config/parameters/final_top_k=50",
                    printable(text)));
  }
  const std::string value = text.substr(equals + 1);
  const auto parsed = parse_json(value);
  return json::value{{"op", "replace"},
                     {"path", text.substr(0, equals)},
                     {"value", parsed ? *parsed : json::value(value)}};
}

Outcome<json::value> json_of(const std::string& text, std::string_view flag, Host& host) {
  std::string source = text;
  if (text == "-" || text.starts_with("@")) {
    TRAWL_ASSIGN(source, read_input(text == "-" ? text : text.substr(1), host));
  }
  auto parsed = parse_json(source);
  if (parsed) return std::move(*parsed);
  return usage_failure(fmt::format("{} is not JSON: {}", flag, parsed.error().message));
}

Outcome<json::value> body_of(const ReplayFlags& flags, Host& host) {
  json::object body{{"as_of", flags.as_of}, {"externals", flags.externals}};
  json::array set;
  if (!flags.patch.empty()) {
    TRAWL_ASSIGN(const json::value patch, json_of(flags.patch, "--patch", host));
    if (!patch.is_array()) return usage_failure("--patch is no list of operations");
    set = patch.get_array();
  }
  for (const std::string& text : flags.set) {
    TRAWL_ASSIGN(json::value operation, operation_of(text));
    set.push_back(std::move(operation));
  }
  if (!set.empty()) body["set"] = std::move(set);
  if (!flags.inputs.empty()) {
    TRAWL_ASSIGN(body["inputs"], json_of(flags.inputs, "--inputs", host));
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
  command
      ->add_option(
          "--as-of", flags->as_of,
          "then: with the documents, seeds and answers that it had; now, or a time "
          "such as -24h: over the documents of that time [then]")
      ->type_name("WHEN");
  command
      ->add_option("--set", flags->set,
                   "Change a value of the pipeline; may be given several times")
      ->type_name("PATH=VALUE");
  command
      ->add_option("--patch", flags->patch,
                   "A JSON patch over the pipeline: the text, @FILE, or - for standard "
                   "input")
      ->type_name("JSON");
  command->add_option("--inputs", flags->inputs, "Other inputs: JSON, @FILE, or -")
      ->type_name("JSON");
  command
      ->add_option("--externals", flags->externals,
                   "Where answers of providers come from: recorded, live, or fail "
                   "[recorded]")
      ->check(one_of({"recorded", "live", "fail"}))
      ->type_name("SOURCE");
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
