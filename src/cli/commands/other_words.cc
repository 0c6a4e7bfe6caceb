#include "cli/commands/other_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <utility>

namespace trawl::cli {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// Whole commands, by a word at the top.
constexpr Pair kCommands[] = {
    {"check", "doctor"},
    {"exec", "execute"},
    {"fsck", "doctor"},
    {"history", "executions list"},
    {"logs", "executions tail"},
    {"ping", "executions list --limit 1"},
    {"query", "execute"},
    {"restore", "serve --data-dir BACKUP"},
    {"retention", "namespaces retention"},
    {"run", "execute"},
    {"search", "execute"},
    {"server", "serve"},
    {"start", "serve"},
    {"status", "executions stats"},
    {"upload", "import"},
    {"verify", "doctor"},
};

// What a verb is called here; of several the first that the group has.
constexpr Pair kVerbs[] = {
    {"add", "create"},      {"aggregate", "stats"},  {"all", "list"},
    {"analytics", "stats"}, {"cat", "show"},         {"cat", "get"},
    {"change", "update"},   {"clear", "delete"},     {"count", "stats"},
    {"del", "delete"},      {"delete", "revoke"},    {"describe", "show"},
    {"describe", "get"},    {"detail", "show"},      {"download", "export"},
    {"drop", "delete"},     {"dump", "export"},      {"edit", "update"},
    {"explain", "show"},    {"find", "list"},        {"follow", "tail"},
    {"get", "show"},        {"info", "show"},        {"info", "get"},
    {"inspect", "show"},    {"last", "show"},        {"latest", "show"},
    {"live", "tail"},       {"load", "import"},      {"log", "list"},
    {"ls", "list"},         {"make", "create"},      {"metrics", "stats"},
    {"modify", "update"},   {"new", "create"},       {"patch", "update"},
    {"prune", "delete"},    {"ps", "list"},          {"purge", "delete"},
    {"query", "list"},      {"read", "show"},        {"read", "get"},
    {"remove", "delete"},   {"remove", "revoke"},    {"report", "stats"},
    {"rm", "delete"},       {"rm", "revoke"},        {"save", "export"},
    {"search", "list"},     {"set", "update"},       {"show", "get"},
    {"stat", "stats"},      {"stream", "tail"},      {"summary", "stats"},
    {"top", "stats"},       {"update", "retention"}, {"set", "retention"},
    {"view", "show"},       {"view", "get"},         {"watch", "tail"},
    {"get", "list"},        {"show", "list"},
};

// Where a group has no such command, and another place does what is meant.
struct Elsewhere {
  std::string_view group;
  std::string_view word;
  std::string_view command;
};
constexpr Elsewhere kElsewhere[] = {
    {"documents", "add", "import"},
    {"documents", "count", "collections show"},
    {"documents", "create", "import"},
    {"documents", "import", "import"},
    {"documents", "put", "import"},
    {"documents", "search", "execute"},
    {"documents", "update", "import"},
    {"documents", "upload", "import"},
    {"collections", "import", "import"},
    {"collections", "search", "execute"},
    {"executions", "run", "execute"},
    {"executions", "execute", "execute"},
    {"executions", "retention", "namespaces retention"},
};

constexpr Pair kFlags[] = {
    {"--ttl", "--max-age"},
    {"--age", "--max-age"},
    {"--days", "--max-age"},
    {"--keep", "--max-count"},
    {"-c", "--collection"},
    {"--after", "--since"},
    {"--before", "--until"},
    {"--bearer", "--api-key"},
    {"--cancelled", "--status cancelled"},
    {"--col", "--collection"},
    {"--columns", "--fields"},
    {"--completed", "--status completed"},
    {"--count", "--limit"},
    {"--data", "--data-dir"},
    {"--dir", "--data-dir"},
    {"--directory", "--data-dir"},
    {"--duration", "--min-duration"},
    {"--empty", "--returned zero"},
    {"--end", "--until"},
    {"--errors", "--status failed"},
    {"--every", "--bucket"},
    {"--failed", "--status failed"},
    {"--field", "--fields"},
    {"--fields", "--columns"},
    {"--fields", "--field"},
    {"--filter", "--where"},
    {"--force", "--yes"},
    {"--from", "--since"},
    {"--group", "--by"},
    {"--group-by", "--by"},
    {"--head", "--limit"},
    {"--host", "--url"},
    {"--host", "--listen"},
    {"--inputs", "--input"},
    {"--interval", "--bucket"},
    {"--key", "--api-key"},
    {"--last", "--limit"},
    {"--longer-than", "--min-duration"},
    {"--max", "--limit"},
    {"--ns", "--namespace"},
    {"--num", "--limit"},
    {"--number", "--limit"},
    {"--order", "--sort"},
    {"--order-by", "--sort"},
    {"--out", "--output"},
    {"--overwrite", "--force"},
    {"--page-size", "--limit"},
    {"--param", "--input"},
    {"--per", "--bucket"},
    {"--port", "--listen"},
    {"--preview", "--dry-run"},
    {"--q", "--query"},
    {"--query", "--input query=WORDS"},
    {"--running", "--status processing"},
    {"--search", "--query"},
    {"--server", "--url"},
    {"--size", "--limit"},
    {"--size", "--max-bytes"},
    {"--skip", "--offset"},
    {"--slow", "--min-duration 1s"},
    {"--slower-than", "--min-duration"},
    {"--sort-by", "--sort"},
    {"--start", "--since"},
    {"--tag", "--label"},
    {"--text", "--query"},
    {"--timezone", "--time-zone"},
    {"--to", "--until"},
    {"--token", "--api-key"},
    {"--tz", "--time-zone"},
    {"--window", "--since"},
    {"--zero", "--returned zero"},
    {"-F", "--file"},
    {"-a", "--all"},
    {"-f", "--force"},
    {"-i", "--input"},
    {"-k", "--api-key"},
    {"-l", "--limit"},
    {"-p", "--listen"},
    {"-q", "--query"},
    {"-q", "--input query=WORDS"},
    {"-s", "--since"},
    {"-v", "--version"},
    {"-y", "--yes"},
};

bool has(const CLI::App& group, std::string_view name) {
  const auto commands = group.get_subcommands({});
  return std::any_of(commands.begin(), commands.end(),
                     [&](const auto* command) { return command->get_name() == name; });
}

// The verb of the group that the word stands for, or "".
std::string_view verb_meant_by(std::string_view word, const CLI::App& group) {
  for (const auto& [other, ours] : kVerbs) {
    if (other == word && has(group, ours)) return ours;
  }
  return {};
}

std::string meant_at_top(std::string_view word, const CLI::App& program) {
  for (const auto& [other, ours] : kCommands) {
    if (other == word) return fmt::format("trawl {}", ours);
  }
  // The history is what most of it is about, and comes first.
  std::vector<const CLI::App*> groups;
  for (const auto* group : program.get_subcommands({})) {
    const bool is_history = group->get_name() == "executions";
    groups.insert(is_history ? groups.begin() : groups.end(), group);
  }
  for (const auto* group : groups) {
    if (has(*group, word)) return fmt::format("trawl {} {}", group->get_name(), word);
  }
  for (const auto* group : groups) {
    if (const auto verb = verb_meant_by(word, *group); !verb.empty()) {
      return fmt::format("trawl {} {}", group->get_name(), verb);
    }
  }
  return {};
}

}  // namespace

std::string command_meant_by(std::string_view word,
                             const std::vector<const CLI::App*>& given) {
  const CLI::App& group = *given.back();
  if (given.size() == 1) return meant_at_top(word, group);
  for (const auto& one : kElsewhere) {
    if (one.group == group.get_name() && one.word == word) {
      return fmt::format("trawl {}", one.command);
    }
  }
  const auto verb = verb_meant_by(word, group);
  if (verb.empty()) return {};
  return fmt::format("trawl {} {}", group.get_name(), verb);
}

std::string flag_meant_by(std::string_view flag, const std::vector<std::string>& flags) {
  for (const auto& [other, ours] : kFlags) {
    if (other != flag) continue;
    const auto name = ours.substr(0, ours.find(' '));
    if (std::find(flags.begin(), flags.end(), name) != flags.end()) {
      return std::string(ours);
    }
  }
  return {};
}

std::string use_of_argument(std::string_view word, const CLI::App& command) {
  const auto has_flag = [&](const char* flag) {
    const auto* option = command.get_option_no_throw(flag);
    return option != nullptr && option->count() == 0;
  };
  const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (has_flag("--status") &&
      is_one_of({"completed", "failed", "cancelled", "processing"})) {
    return fmt::format("--status {}", word);
  }
  if (has_flag("--by") && is_one_of({"status", "error", "stage", "collection", "caller"})) {
    return fmt::format("--by {}", word);
  }
  if (has_flag("--bucket") && is_one_of({"minute", "hour", "day", "week", "month"})) {
    return fmt::format("--bucket {}", word);
  }
  const bool is_number = word.find_first_not_of("0123456789") == std::string_view::npos;
  if (has_flag("--limit") && is_number) return fmt::format("--limit {}", word);
  if (has_flag("--force") && has_flag("--format") &&
      word.find('.') != std::string_view::npos) {
    return fmt::format("--output {}", word);
  }
  if (word.starts_with("exec_") || word == "latest") {
    return fmt::format("trawl executions show {}", word);
  }
  for (const auto* flag : {"--file", "--data-dir", "--query"}) {
    if (has_flag(flag)) return fmt::format("{} {}", flag, word);
  }
  return {};
}

}  // namespace trawl::cli
