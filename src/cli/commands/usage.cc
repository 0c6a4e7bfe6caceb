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
#include "cli/commands/other_words.h"
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

std::string unknown_command(const std::string& word,
                            const std::vector<const CLI::App*>& commands) {
  const auto names = commands_below(*commands.back());
  std::string known = suggestion(word, names);
  const auto meant =
      word == "help" ? line_of(commands) + " --help" : command_meant_by(word, commands);
  if (!meant.empty()) known = fmt::format(" (did you mean '{}'?)", meant);
  // A short list says more than the way to it.
  if (known.empty() && commands.size() > 1)
    known = fmt::format("; use {}", fmt::join(names, ", "));
  return fmt::format("'{}' is not a command of '{}'{}", printable(word), line_of(commands),
                     known);
}

// "COLLECTION and FILE": the arguments of a command that are its own, as --help names them.
std::string arguments_of(const CLI::App& command, bool missing_only) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options()) {
    if (missing_only ? !option->get_required() || option->count() > 0
                     : !option->get_positional()) {
      continue;
    }
    std::string name = option->get_type_name();
    if (!option->get_positional()) name = option->get_name() + " " + name;
    names.push_back(std::move(name));
  }
  return fmt::format("{}", fmt::join(names, " and "));
}

std::string unexpected_argument(const std::string& word,
                                const std::vector<const CLI::App*>& commands) {
  const auto use = word == "help" ? "--help" : use_of_argument(word, *commands.back());
  const auto taken = arguments_of(*commands.back(), false);
  return fmt::format("'{}' is unexpected: '{}' takes {}{}", printable(word),
                     line_of(commands), taken.empty() ? "flags only" : taken,
                     use.empty() ? "" : fmt::format(" (did you mean '{}'?)", use));
}

// The argument that has a flag's name, such as FILE for --file.
std::string argument_called(const std::string& flag, const CLI::App& command) {
  for (const auto* option : command.get_options()) {
    if (option->get_positional() && flag == "--" + option->get_name(true)) {
      return option->get_type_name();
    }
  }
  return {};
}

std::string unknown_flag(const std::string& word,
                         const std::vector<const CLI::App*>& commands) {
  const std::string flag = word.substr(0, word.find('='));
  const auto flags = flags_of(commands);
  std::string known = suggestion(flag, flags);
  for (const std::string_view format : {"json", "ndjson", "csv", "table"}) {
    if (flag == fmt::format("--{}", format)) {
      const bool own_output = commands.back()->get_option_no_throw("--format") != nullptr;
      known =
          fmt::format(" (did you mean '{} {}'?)", own_output ? "--format" : "-o", format);
    }
  }
  if (const auto meant = flag_meant_by(flag, flags); !meant.empty()) {
    known = fmt::format(" (did you mean '{}'?)", meant);
  } else if (const auto place = argument_called(flag, *commands.back()); !place.empty()) {
    known = fmt::format(": {} stands without a flag", place);
  } else if (flag == "-d" || flag == "--data-dir") {
    known = ": it opens no directory, but asks the running server that --url names";
  } else if (flag == "--follow" || (flag == "-f" && known.empty())) {
    if (commands.size() > 2 && commands[1]->get_name() == "executions")
      known = " (did you mean 'trawl executions tail'?)";
  }
  return fmt::format("'{}' is not a flag of '{}'{}", printable(flag), line_of(commands),
                     known);
}

// Of several the first flag: what follows it is most often its value.
std::string unknown_argument(const std::vector<std::string>& words,
                             const std::vector<const CLI::App*>& commands) {
  const auto found = std::find_if(words.begin(), words.end(), is_flag);
  return found == words.end() ? unexpected_argument(words.front(), commands)
                              : unknown_flag(*found, commands);
}

// What the parser says, in our words.
std::string parser_message(const CLI::ParseError& error,
                           const std::vector<const CLI::App*>& commands) {
  const std::string text = error.what();
  const auto around = [&](std::string_view middle, auto&& make) -> std::string {
    const auto at = text.find(middle);
    if (at == std::string::npos) return {};
    return make(text.substr(0, at), text.substr(at + middle.size()));
  };
  std::string ours;
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    const auto missing = arguments_of(*commands.back(), true);
    if (!missing.empty()) return fmt::format("'{}' needs {}", line_of(commands), missing);
  } else if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    ours = around(" excludes ", [](const auto& one, const auto& other) {
      return fmt::format("{} and {} exclude each other; leave one of them out", one, other);
    });
  } else if (dynamic_cast<const CLI::RequiresError*>(&error) != nullptr) {
    ours = around(" requires ", [](const auto& one, const auto& other) {
      return fmt::format("{0} does nothing without {1}; add {1}, or leave {0} out", one,
                         other);
    });
  } else if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) {
    ours =
        around(": ", [](const auto& name, const auto& what) { return name + " " + what; });
  } else if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    // "--file: 1 required FILE missing"
    ours = around(": 1 required ", [](const auto& name, const auto& rest) {
      return fmt::format("{} needs a value: {}", name, rest.substr(0, rest.rfind(' ')));
    });
    if (!ours.empty()) return ours;
    ours =
        around(": At Most 1 required but received ", [](const auto& name, const auto& n) {
          return fmt::format("{} is given {} times; give it once", name, n);
        });
    if (!ours.empty()) return ours;
    ours =
        around(" was given a disallowed flag override", [](const auto& name, const auto&) {
          return fmt::format("--{} takes no value", name);
        });
  } else if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {
    ours = around("Could not convert: ", [&](const auto&, const auto& rest) {
      const auto equals = rest.find(" = ");
      return fmt::format("{} is '{}', which it cannot be", rest.substr(0, equals),
                         equals == std::string::npos ? "" : rest.substr(equals + 3));
    });
    if (!ours.empty()) return ours;
    ours = around(": ", [](const auto& name, const auto&) {
      return fmt::format("{} takes no value", name);
    });
  }
  return ours.empty() ? text : ours;
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
    message = parser_message(error, commands);
  }
  err << "trawl: " << printable(message) << "; see: " << line_of(commands) << " --help\n";
}

}  // namespace trawl::cli
