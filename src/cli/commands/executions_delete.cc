#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/commands/commands.h"
#include "cli/commands/execution_filter_flags.h"
#include "cli/commands/checks.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/time_text.h"

namespace trawl::cli {
namespace {

struct ExecutionsDeleteArguments {
  std::vector<std::string> ids;
  MakeFilterBody filter;
  std::string before;
  bool all = false;
  bool dry_run = false;
  bool yes = false;
};

Outcome<Exit> delete_ids(Context& context, const std::vector<std::string>& ids) {
  for (const auto& id : ids) {
    std::string raw;
    TRAWL_TRY(context.call("DELETE", path({"v1", "retrievers", "executions", id}), nullptr,
                           &raw));
    if (context.format() == Format::table) {
      context.host().out << "deleted execution " << printable(id) << '\n';
    } else {
      context.print_raw(raw);
    }
  }
  return Exit::ok;
}

//   usage  a condition is not of its form
Outcome<json::object> filter_of(const ExecutionsDeleteArguments& arguments) {
  TRAWL_ASSIGN(json::object filter, arguments.filter());
  if (arguments.before.empty()) return filter;
  if (filter.contains("end_time")) {
    return usage_failure("--until and --before say the same; use one of them");
  }
  TRAWL_ASSIGN(const std::string time, read_time("--before", arguments.before,
                                                 system_clock().now(), TimeEnd::begin));
  filter["end_time"] = time;
  return filter;
}

Outcome<Exit> delete_matching(Context& context, const ExecutionsDeleteArguments& arguments,
                              json::object filter) {
  const json::value body = std::move(filter);
  const bool counts_only = arguments.dry_run || !arguments.yes;
  Query query;
  if (arguments.all) query.emplace_back("all", "true");
  if (counts_only) query.emplace_back("dry_run", "true");
  std::string raw;
  TRAWL_ASSIGN(
      auto reply,
      context.call("POST",
                   with_query(path({"v1", "retrievers", "executions", "delete"}), query),
                   &body, &raw));
  if (counts_only && !arguments.dry_run) {
    const auto count = count_at(reply, "matching_count");
    return usage_failure(
        fmt::format("{} execution{} would be deleted; add --yes to delete, or --dry-run to "
                    "count only",
                    format_count(count), count == 1 ? "" : "s"));
  }
  if (context.format() == Format::table) {
    context.host().out << printable(text_at(reply, "message")) << '\n';
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

Outcome<Exit> remove(Context& context, const ExecutionsDeleteArguments& arguments) {
  TRAWL_ASSIGN(json::object filter, filter_of(arguments));
  if (!arguments.ids.empty()) {
    if (!filter.empty() || arguments.all || arguments.dry_run) {
      return usage_failure("give either the ids of executions or a filter, not both");
    }
    return delete_ids(context, arguments.ids);
  }
  if (filter.empty() && !arguments.all) {
    return usage_failure(
        "no executions are selected; give ids, a condition such as --status or --before, "
        "or --all");
  }
  return delete_matching(context, arguments, std::move(filter));
}

}  // namespace

void add_executions_delete(CLI::App& executions, Context& context) {
  auto arguments = std::make_shared<ExecutionsDeleteArguments>();
  auto* command =
      executions.add_subcommand("delete", "Delete executions for good, by id or by filter");
  command->add_option("id", arguments->ids, "Execution ids")
      ->check(not_empty())
      ->type_name("ID");
  arguments->filter = add_filter_flags(*command);
  command
      ->add_option("--before", arguments->before,
                   "Started before this time: 2026-01-31, monday, -24h, -30d")
      ->check(not_empty())
      ->type_name("TIME");
  command->add_flag("--all", arguments->all, "The whole history of the namespace");
  command->add_flag("--dry-run", arguments->dry_run, "Only report how many match");
  command->add_flag("--yes", arguments->yes, "Delete what the filter matches");
  command->footer(
      "Examples:\n"
      "  trawl executions delete exec_1 exec_2\n"
      "  trawl executions delete --status failed --before -30d --dry-run\n"
      "Without --yes, a filter deletes nothing. Running executions stay.");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return remove(context, *arguments); };
  });
}

}  // namespace trawl::cli
