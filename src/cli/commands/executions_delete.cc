#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/commands/checks.h"
#include "cli/commands/commands.h"
#include "cli/commands/deletion.h"
#include "cli/commands/execution_filter_flags.h"
#include "cli/commands/named_execution.h"
#include "cli/commands/nothing_found.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/time_text.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kIdsMax = 1000;  // Of one request.

struct ExecutionsDeleteArguments {
  std::vector<std::string> ids;
  MakeFilterBody filter;
  std::string before;
  bool all = false;
  DeletionFlags flags;
};

std::string delete_path() {
  return path({"v1", "retrievers", "executions", "delete"});
}

// A whole id is taken as it is: the server deletes all or none. What only points to an
// execution is looked up.
//   refused  nothing is so called, or several
Outcome<std::vector<std::string>> ids_of(Context& context,
                                         const std::vector<std::string>& names) {
  std::vector<std::string> ids;
  for (const auto& name : names) {
    std::string id = name;
    if (!is_whole_execution_id(name)) {
      auto found = find_execution_id(context, name);
      if (!found) {
        Failure failure = std::move(found).error();
        if (names.size() > 1) failure.notes.emplace_back("nothing was deleted");
        return failure;
      }
      id = std::move(*found);
    }
    // Named twice, such as by `latest` too, it is one.
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  }
  return ids;
}

// Returns how many were deleted, or would be.
//   refused  one does not exist, or still runs; of the request none was deleted
Outcome<std::int64_t> delete_all_of(Context& context, const std::vector<std::string>& ids,
                                    bool dry_run) {
  Query query{{"require_all", "true"}};
  if (dry_run) query.emplace_back("dry_run", "true");
  std::int64_t deleted = 0;
  for (std::size_t begin = 0; begin < ids.size(); begin += kIdsMax) {
    json::array part;
    for (std::size_t i = begin; i < std::min(ids.size(), begin + kIdsMax); ++i) {
      part.emplace_back(ids[i]);
    }
    const json::value body = json::object{{"execution_ids", std::move(part)}};
    TRAWL_ASSIGN(const auto reply,
                 context.call("POST", with_query(delete_path(), query), &body));
    deleted += count_at(reply, dry_run ? "matching_count" : "deleted_count");
  }
  return deleted;
}

Outcome<Exit> delete_ids(Context& context, const ExecutionsDeleteArguments& arguments) {
  TRAWL_ASSIGN(const auto ids, ids_of(context, arguments.ids));
  const auto what =
      ids.size() == 1 ? fmt::format("the execution {}", ids.front())
                      : fmt::format("{} executions: {}", ids.size(), fmt::join(ids, ", "));
  // Nobody is asked about what cannot be deleted. More than one request is not all or none
  // by itself.
  const Host& host = context.host();
  const bool asks = !arguments.flags.yes && host.in_is_terminal && host.err_is_terminal;
  if (arguments.flags.dry_run || asks || ids.size() > kIdsMax) {
    TRAWL_TRY(delete_all_of(context, ids, true));
  }
  TRAWL_ASSIGN(const bool go_on, confirm_deletion(context, arguments.flags, what));
  if (!go_on) return Exit::ok;
  TRAWL_ASSIGN(const std::int64_t deleted, delete_all_of(context, ids, false));
  if (context.format() == Format::table) {
    context.host().out << (deleted == 1 && ids.size() == 1
                               ? fmt::format("deleted execution {}\n",
                                             printable(ids.front()))
                               : fmt::format("deleted {}\n",
                                             format_things(deleted, "execution")));
  } else {
    context.print_raw(to_json_text(json::object{{"success", true},
                                                {"deleted_count", deleted},
                                                {"execution_ids", json::value_from(ids)}}));
  }
  if (deleted >= static_cast<std::int64_t>(ids.size())) return Exit::ok;
  return Failure(
      Exit::refused,
      fmt::format("{} of {} were deleted; the others went or began meanwhile", deleted,
                  format_things(static_cast<std::int64_t>(ids.size()), "execution")));
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
  Query query;
  if (arguments.all) query.emplace_back("all", "true");
  std::string raw;
  if (!arguments.flags.yes) {
    Query counting = query;
    counting.emplace_back("dry_run", "true");
    TRAWL_ASSIGN(const auto counted,
                 context.call("POST", with_query(delete_path(), counting), &body, &raw));
    const auto count = count_at(counted, "matching_count");
    if (count == 0) explain_nothing(context, body.get_object());
    // JSON has more to tell of it.
    if (arguments.flags.dry_run && context.format() != Format::table) {
      context.print_raw(raw);
      return Exit::ok;
    }
    TRAWL_ASSIGN(const bool go_on,
                 confirm_deletion(context, arguments.flags,
                                  format_things(count, "execution"), Named::by_filter));
    if (!go_on) return Exit::ok;
  }
  TRAWL_ASSIGN(const auto reply,
               context.call("POST", with_query(delete_path(), query), &body, &raw));
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
    if (!filter.empty() || arguments.all) {
      return usage_failure("give either the ids of executions or a filter, not both");
    }
    return delete_ids(context, arguments);
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
  command
      ->add_option("id", arguments->ids,
                   "Ids or the beginnings of them, latest, or -2 for the one before")
      ->check(not_empty())
      ->type_name("EXECUTION_ID");
  arguments->filter = add_filter_flags(*command);
  command
      ->add_option("--before", arguments->before,
                   "Started before this time: 2026-01-31, monday, -24h, -30d")
      ->check(not_empty())
      ->type_name("TIME");
  command->add_flag("--all", arguments->all, "The whole history of the namespace");
  add_deletion_flags(*command, arguments->flags);
  command->footer(
      "Examples:\n"
      "  trawl executions delete exec_1 exec_2\n"
      "  trawl executions delete --status failed --before -30d --dry-run\n"
      "Of several ids all are deleted or none. A filter takes --yes where\n"
      "no terminal is there to ask. Running executions stay.");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return remove(context, *arguments); };
  });
}

}  // namespace trawl::cli
