#include "cli/commands/replay_changes.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands/checks.h"
#include "cli/context.h"
#include "cli/terminal/format.h"

namespace trawl::cli {
namespace {

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

}  // namespace

Outcome<json::value> json_of_flag(const std::string& text, std::string_view flag,
                                  Host& host) {
  std::string source = text;
  if (text == "-" || text.starts_with("@")) {
    TRAWL_ASSIGN(source, read_input(text == "-" ? text : text.substr(1), host));
  }
  auto parsed = parse_json(source);
  if (parsed) return std::move(*parsed);
  return usage_failure(fmt::format("{} is not JSON: {}", flag, parsed.error().message));
}

void add_replay_changes(CLI::App& command, ReplayChanges& changes) {
  command
      .add_option("--as-of", changes.as_of,
                  "then: with the documents, seeds and answers that it had; now, or a time "
                  "such as -24h: over the documents of that time [then]")
      ->type_name("WHEN");
  command
      .add_option("--set", changes.set,
                  "Change a value of the pipeline; may be given several times")
      ->type_name("PATH=VALUE");
  command
      .add_option("--patch", changes.patch,
                  "A JSON patch over the pipeline: the text, @FILE, or - for standard "
                  "input")
      ->type_name("JSON");
  command
      .add_option("--externals", changes.externals,
                  "Where answers of providers come from: recorded, live, or fail "
                  "[recorded]")
      ->check(one_of({"recorded", "live", "fail"}))
      ->type_name("SOURCE");
}

Outcome<json::object> body_of(const ReplayChanges& changes, Host& host) {
  json::object body{{"as_of", changes.as_of}, {"externals", changes.externals}};
  json::array set;
  if (!changes.patch.empty()) {
    TRAWL_ASSIGN(const json::value patch, json_of_flag(changes.patch, "--patch", host));
    if (!patch.is_array()) return usage_failure("--patch is no list of operations");
    set = patch.get_array();
  }
  for (const std::string& text : changes.set) {
    TRAWL_ASSIGN(json::value operation, operation_of(text));
    set.push_back(std::move(operation));
  }
  if (!set.empty()) body["set"] = std::move(set);
  return body;
}

}  // namespace trawl::cli
