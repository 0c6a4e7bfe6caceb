#include "cli/commands/usage.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/terminal/format.h"

namespace trawl::cli {
namespace {

// The commands that were given, the outermost first: trawl, executions, list.
std::vector<const CLI::App*> given_commands(const CLI::App& program) {
  std::vector<const CLI::App*> commands = {&program};
  while (!commands.back()->get_subcommands().empty())
    commands.push_back(commands.back()->get_subcommands().front());
  return commands;
}

std::string line_of(const std::vector<const CLI::App*>& commands) {
  std::string line;
  for (const auto* command : commands) {
    if (!line.empty()) line += ' ';
    line += command->get_name();
  }
  return line;
}

std::vector<std::string> commands_below(const CLI::App& group) {
  std::vector<std::string> names;
  for (const auto* command : group.get_subcommands({}))
    names.push_back(command->get_name());
  return names;
}

// Those of the command and, since they may stand anywhere, of all above it.
std::vector<std::string> flags_of(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> flags;
  for (const auto* command : commands) {
    for (const auto* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  return flags;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& names) {
  const auto near = nearest_name(word, std::span<const std::string>(names));
  return near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near);
}

bool is_flag(const std::string& word) {
  return word.size() > 1 && word.front() == '-';
}

// Where the command is that somebody looked for at the top, by the words of other programs.
std::string place_of_command(const std::string& word, const CLI::App& program) {
  static constexpr std::pair<std::string_view, std::string_view> kOtherWords[] = {
      {"history", "executions list"},
      {"log", "executions list"},
      {"logs", "executions tail"},
      {"ls", "executions list"},
      {"query", "execute"},
      {"run", "execute"},
      {"search", "execute"},
      {"server", "serve"},
      {"start", "serve"},
      {"status", "executions stats"},
      {"upload", "import"}};
  for (const auto& [other, ours] : kOtherWords) {
    if (word == other) return std::string(ours);
  }
  // The history is what most of it is about, and comes first.
  std::string found;
  for (const auto* group : program.get_subcommands({})) {
    for (const auto* command : group->get_subcommands({})) {
      if (command->get_name() != word) continue;
      if (found.empty() || group->get_name() == "executions") {
        found = fmt::format("{} {}", group->get_name(), word);
      }
    }
  }
  return found;
}

std::string unknown_command(const std::string& word,
                            const std::vector<const CLI::App*>& commands) {
  const auto names = commands_below(*commands.back());
  std::string known = suggestion(word, names);
  if (commands.size() == 1) {
    if (const auto place = place_of_command(word, *commands.back()); !place.empty()) {
      known = fmt::format(" (did you mean 'trawl {}'?)", place);
    }
  }
  // A short list says more than the way to it.
  if (known.empty() && commands.size() > 1)
    known = fmt::format("; use {}", fmt::join(names, ", "));
  return fmt::format("'{}' is not a command of '{}'{}", printable(word), line_of(commands),
                     known);
}

// Of several the first flag: what follows it is most often its value.
std::string unknown_argument(const std::vector<std::string>& words,
                             const std::vector<const CLI::App*>& commands) {
  const auto found = std::find_if(words.begin(), words.end(), is_flag);
  if (found == words.end())
    return fmt::format("'{}' is one argument too many for '{}'", printable(words.front()),
                       line_of(commands));
  const std::string flag = found->substr(0, found->find('='));
  for (const std::string_view format : {"json", "ndjson", "csv", "table"}) {
    if (flag == fmt::format("--{}", format)) {
      return fmt::format("'{0}' is not a flag of '{1}' (did you mean '-o {2}'?)",
                         printable(flag), line_of(commands), format);
    }
  }
  return fmt::format("'{}' is not a flag of '{}'{}", printable(flag), line_of(commands),
                     suggestion(flag, flags_of(commands)));
}

// What the parser says of a value, in our words where those are clearer.
std::string parser_message(const CLI::ParseError& error) {
  std::string text = error.what();
  // "--file: 1 required FILE missing"
  constexpr std::string_view kBegin = ": 1 required ";
  constexpr std::string_view kEnd = " missing";
  const auto begin = text.find(kBegin);
  if (begin == std::string::npos || !text.ends_with(kEnd)) return text;
  const auto type =
      text.substr(begin + kBegin.size(), text.size() - kEnd.size() - begin - kBegin.size());
  return fmt::format("{} needs a value: {}", text.substr(0, begin), type);
}

}  // namespace

void explain_usage(const CLI::App& program, const CLI::ParseError& error,
                   std::ostream& err) {
  const auto commands = given_commands(program);
  const auto unknown = program.remaining(true);
  const bool wants_command = !commands_below(*commands.back()).empty();
  std::string message;
  if (!unknown.empty() && wants_command && !is_flag(unknown.front())) {
    message = unknown_command(unknown.front(), commands);
  } else if (!unknown.empty()) {
    message = unknown_argument(unknown, commands);
  } else if (wants_command) {
    err << commands.back()->help(line_of({commands.begin(), commands.end() - 1}));
    return;
  } else {
    message = parser_message(error);
  }
  err << "trawl: " << printable(message) << "; see: " << line_of(commands) << " --help\n";
}

}  // namespace trawl::cli
