#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/not_empty.h"
#include "cli/context.h"
#include "cli/terminal/format.h"

namespace trawl::cli {
namespace {

struct ExecutionsDeleteArguments {
  std::vector<std::string> ids;
  std::string status;
  std::string since;
  std::string before;
  bool all = false;
  bool dry_run = false;
  bool yes = false;

  bool has_filter() const { return !status.empty() || !since.empty() || !before.empty(); }
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

Outcome<Exit> delete_matching(Context& context,
                              const ExecutionsDeleteArguments& arguments) {
  json::object filter;
  if (!arguments.status.empty()) filter["status"] = arguments.status;
  if (!arguments.since.empty()) filter["start_time"] = arguments.since;
  if (!arguments.before.empty()) filter["end_time"] = arguments.before;
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
  if (!arguments.ids.empty()) {
    if (arguments.has_filter() || arguments.all || arguments.dry_run) {
      return usage_failure("give either the ids of executions or a filter, not both");
    }
    return delete_ids(context, arguments.ids);
  }
  if (!arguments.has_filter() && !arguments.all) {
    return usage_failure(
        "no executions are selected; give ids, --status, --since, --before "
        "or --all");
  }
  return delete_matching(context, arguments);
}

}  // namespace

void add_executions_delete(CLI::App& executions, Context& context) {
  auto arguments = std::make_shared<ExecutionsDeleteArguments>();
  auto* command =
      executions.add_subcommand("delete", "Delete executions for good, by id or by filter");
  command->add_option("id", arguments->ids, "Execution ids")
      ->check(not_empty())
      ->type_name("ID");
  command->add_option("--status", arguments->status, "completed, failed, cancelled, …")
      ->check(not_empty())
      ->type_name("STATUS");
  command->add_option("--since", arguments->since, "Started at this time or later")
      ->check(not_empty())
      ->type_name("TIME");
  command
      ->add_option("--before", arguments->before,
                   "Started at this time or before: 2026-01-31, RFC 3339, -24h, -30d")
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
