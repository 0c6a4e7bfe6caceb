#include "cli/cli.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <iterator>
#include <map>
#include <string_view>

#include "base/log.h"
#include "base/text.h"
#include "cli/commands/checks.h"
#include "cli/commands/commands.h"
#include "cli/commands/usage.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/time_text.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kWidthUnknown = 120;
constexpr std::size_t kWidthMin = 40;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::size_t terminal_width() {
  winsize size{};
  std::size_t width = 0;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ||
      ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0)
    width = size.ws_col;
  if (width == 0) width = std::strtoul(environment("COLUMNS").c_str(), nullptr, 10);
  if (width == 0) width = kWidthUnknown;
  return std::max(width, kWidthMin);
}

void add_global_flags(CLI::App& program, GlobalFlags& flags) {
  static const std::map<std::string, Format> kFormats = {{"table", Format::table},
                                                         {"json", Format::json},
                                                         {"ndjson", Format::ndjson},
                                                         {"csv", Format::csv}};
  program
      .add_option("--url", flags.url,
                  "The server [TRAWL_URL, MIXPEEK_BASE_URL; http://127.0.0.1:8080]")
      ->type_name("URL");
  program
      .add_option("--api-key", flags.api_key, "The key [TRAWL_API_KEY, MIXPEEK_API_KEY]")
      ->type_name("KEY");
  program
      .add_option(
          "-n,--namespace", flags.namespace_name,
          "Namespace id or name [TRAWL_NAMESPACE, MIXPEEK_NAMESPACE; the key's own]")
      ->check(not_empty())
      ->type_name("NAME");
  program
      .add_option_function<std::string>(
          "-o,--output",
          [&flags](const std::string& name) { flags.format = kFormats.at(name); },
          "table, json, ndjson or csv [a table on a terminal, else json]")
      ->check(one_of({"table", "json", "ndjson", "csv"}))
      ->type_name("FORMAT");
  program.add_flag(
      "--raw", flags.raw,
      "Leave texts in a CSV unchanged: a leading = + - @ may run as a formula");
  program.add_flag_callback("--utc", show_utc,
                            "Show and read times in UTC [the local time zone]");
  program.add_option("--timeout", flags.timeout_s, "Seconds that a request may take [120]")
      ->check(whole_number(1, 86'400))
      ->type_name("SECONDS");
}

// What holds for every command: a switch takes no value, and --help tells of the flags that
// it shares with the others.
void finish_commands(CLI::App& group, bool at_top) {
  for (auto* command : group.get_subcommands({})) {
    for (auto* option : command->get_options()) {
      if (option->get_expected_max() == 0) option->disable_flag_override();
    }
    if (!command->get_subcommands({}).empty()) {
      finish_commands(*command, false);
      continue;
    }
    const std::string& name = command->get_name();
    if (at_top && (name == "serve" || name == "version")) continue;
    const bool own_output = command->get_option_no_throw("--output") != nullptr;
    const bool on_files = command->get_option_no_throw("--data-dir") != nullptr;
    command->footer(fmt::format(
        "{}\n\nAlso, as everywhere: {}{}--utc (see: trawl --help)", command->get_footer(),
        own_output ? "" : "-o table|json|ndjson|csv, ",
        on_files ? "" : "-n NAMESPACE, --url URL, --api-key KEY, --timeout SECONDS, "));
  }
}

// "executions show -1" has an argument that looks like a flag, and so has "executions
// delete -1 -2". The words are in reverse.
void name_by_place(std::vector<std::string>& words) {
  constexpr std::string_view kSwitches[] = {"--yes", "--dry-run", "--utc", "--raw"};
  if (std::find(words.begin(), words.end(), "executions") == words.end()) return;
  const auto command = std::find_if(words.rbegin(), words.rend(), [](const auto& word) {
    return word == "show" || word == "delete";
  });
  if (command == words.rend()) return;
  for (auto word = command + 1; word != words.rend(); ++word) {
    const std::string& before = *(word - 1);
    const bool is_value = before.starts_with("--") &&
                          std::find(std::begin(kSwitches), std::end(kSwitches), before) ==
                              std::end(kSwitches);
    std::int64_t place = 0;
    if (!is_value && word->size() > 1 && word->front() == '-' &&
        parse_integer(std::string_view(*word).substr(1), place) && place > 0) {
      *word = fmt::format("latest~{}", place - 1);
    }
  }
}

}  // namespace

int run(const std::vector<std::string>& arguments, Host& host) {
  Context context(host);
  CLI::App program(
      "Trawl: ad hoc retrieval over collections of documents, with a history of every run.",
      "trawl");
  program.set_help_flag("-h,--help", "Print this help");
  program.set_version_flag("--version", "trawl " TRAWL_VERSION, "Print the version");
  program.require_subcommand(1);
  // Lets the shared flags stand anywhere on the line.
  program.fallthrough();
  program.get_formatter()->column_width(34);
  add_global_flags(program, context.flags());
  add_serve(program, context);
  add_execute(program, context);
  add_executions(program, context);
  add_fork(program, context);
  add_why(program, context);
  add_explain(program, context);
  add_replay(program, context);
  add_jobs(program, context);
  add_diff(program, context);
  add_import(program, context);
  add_collections(program, context);
  add_documents(program, context);
  add_namespaces(program, context);
  add_models(program, context);
  add_keys(program, context);
  add_whoami(program, context);
  add_backup(program, context);
  add_doctor(program, context);
  add_vacuum(program, context);
  program.add_subcommand("version", "Print the version")->callback([&] {
    context.action = [&]() -> Outcome<Exit> {
      host.out << "trawl " TRAWL_VERSION "\n";
      return Exit::ok;
    };
  });
  program.footer(
      "Examples:\n"
      "  trawl serve --data-dir ./data\n"
      "  trawl execute -f examples/search.json --input query=\"web server\"\n"
      "  trawl executions list --since -24h --status failed\n"
      "Exit status: 0 success, 1 the server refused, 2 wrong usage, 3 what was compared\n"
      "differs.");
  finish_commands(program, true);

  // CLI11 takes the arguments from the back.
  std::vector<std::string> words(arguments.rbegin(), arguments.rend());
  // "help executions list" is what many try first.
  if (!words.empty() && words.back() == "help") {
    words.pop_back();
    words.insert(words.begin(), "--help");
  }
  name_by_place(words);
  try {
    program.parse(std::move(words));
  } catch (const CLI::Success& asked) {  // --help, --version
    program.exit(asked, host.out, host.err);
    return static_cast<int>(Exit::ok);
  } catch (const CLI::ParseError& error) {
    explain_usage(program, error, host.err);
    return static_cast<int>(Exit::usage);
  }
  const auto status = context.action();
  host.out.flush();
  if (status) return static_cast<int>(*status);
  Failure failure = status.error();
  std::int64_t number = 0;
  if (failure.http_status == 404 && parse_integer(context.flags().namespace_name, number)) {
    failure.notes.emplace_back("-n names a namespace; for a number of rows use --limit");
  }
  report(failure, host);
  return static_cast<int>(failure.exit);
}

int run(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  // Whatever this process makes, a data directory, a backup or an export, holds what
  // somebody asked and found: it is for its owner.
  ::umask(0077);
  // What commands log goes to standard error, as escaped as a server's; serve sets its own.
  configure_log(LogFormat::text, "info");
  Host host{std::cin, std::cout, std::cerr};
  host.in_is_terminal = isatty(STDIN_FILENO) == 1;
  host.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  host.err_is_terminal = isatty(STDERR_FILENO) == 1;
  host.colour = host.out_is_terminal && environment("NO_COLOR").empty() &&
                environment("TERM") != "dumb";
  host.width = terminal_width();
  host.environment = environment;
  try {
    return run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), host);
  } catch (const std::exception& error) {
    std::cerr << "trawl: " << printable(error.what()) << '\n';
    return static_cast<int>(Exit::refused);
  }
}

}  // namespace trawl::cli
