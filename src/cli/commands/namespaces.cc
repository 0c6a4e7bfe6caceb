#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>

#include "cli/commands/checks.h"
#include "cli/commands/commands.h"
#include "cli/commands/deletion.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/row_writer.h"

namespace trawl::cli {
namespace {

Outcome<Exit> list_namespaces(Context& context) {
  PagedList list;
  list.target = path({"v1", "namespaces", "list"});
  list.all = true;
  list.nothing = "no namespaces";
  return write_list(
      context, list,
      {text_column("NAME", "namespace_name"), text_column("ID", "namespace_id"),
       count_column("COLLECTIONS", "collection_count", 2),
       count_column("DOCUMENTS", "document_count", 3),
       time_column("CREATED", "created_at", 4),
       text_column("DESCRIPTION", "description", true, 5)});
}

Outcome<Exit> create(Context& context, const std::string& name,
                     const std::string& description) {
  json::value body = {{"namespace_name", name}, {"feature_extractors", json::array{}}};
  if (!description.empty()) body.get_object()["description"] = description;
  std::string raw;
  TRAWL_ASSIGN(auto reply, context.call("POST", path({"v1", "namespaces"}), &body, &raw));
  if (context.format() == Format::table) {
    context.host().out << "created namespace "
                       << printable(text_at(reply, "namespace_name")) << " ("
                       << text_at(reply, "namespace_id") << ")\n";
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

Outcome<Exit> show_namespace(Context& context, const std::string& name) {
  std::string raw;
  TRAWL_TRY(context.call("GET", path({"v1", "namespaces", name}), nullptr, &raw));
  return write_object(context, raw);
}

Outcome<Exit> remove(Context& context, const std::string& name, bool force,
                     const DeletionFlags& deletion) {
  std::string what = fmt::format("the namespace '{}'", name);
  if (deletion.wants_to_know(context.host())) {
    TRAWL_ASSIGN(const auto found, context.call("GET", path({"v1", "namespaces", name})));
    what += fmt::format(" with {}, {} and its history",
                        format_things(count_at(found, "collection_count"), "collection"),
                        format_things(count_at(found, "document_count"), "document"));
  }
  TRAWL_ASSIGN(const bool go_on, confirm_deletion(context, deletion, what));
  if (!go_on) return Exit::ok;
  Query query;
  if (force) query.emplace_back("force", "true");
  std::string raw;
  TRAWL_TRY(context.call("DELETE", with_query(path({"v1", "namespaces", name}), query),
                         nullptr, &raw));
  if (context.format() == Format::table) {
    context.host().out << "deleted namespace " << printable(name) << '\n';
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

struct RetentionArguments {
  std::string name;
  std::string max_age;
  std::int64_t max_count = 0;  // 0: not given.
  std::int64_t max_bytes = 0;
  bool off = false;
  bool preview = false;
  bool run = false;
};

// Shows, changes, tries or applies the retention; a change is shown as it was stored, and
// with --preview it is tried instead.
Outcome<Exit> retention(Context& context, const RetentionArguments& arguments) {
  json::object policy;
  if (!arguments.max_age.empty()) policy["max_age"] = arguments.max_age;
  if (arguments.max_count > 0) policy["max_count"] = arguments.max_count;
  if (arguments.max_bytes > 0) policy["max_bytes"] = arguments.max_bytes;
  if (arguments.off && !policy.empty()) {
    return usage_failure("--off keeps everything and cannot be combined with other rules");
  }
  std::string raw;
  if (arguments.preview) {
    const json::value body = std::move(policy);
    TRAWL_TRY(context.call(
        "POST", path({"v1", "namespaces", arguments.name, "retention", "preview"}), &body,
        &raw));
    return write_object(context, raw);
  }
  if (arguments.off || !policy.empty()) {
    const json::value body = json::object{{"retention", std::move(policy)}};
    TRAWL_TRY(context.call("PATCH", path({"v1", "namespaces", arguments.name}), &body));
  }
  if (arguments.run) {
    TRAWL_TRY(context.call("POST",
                           path({"v1", "namespaces", arguments.name, "retention", "run"}),
                           nullptr, &raw));
  } else {
    TRAWL_TRY(context.call("GET", path({"v1", "namespaces", arguments.name, "retention"}),
                           nullptr, &raw));
  }
  return write_object(context, raw);
}

void add_retention(CLI::App& namespaces, Context& context) {
  auto arguments = std::make_shared<RetentionArguments>();
  constexpr std::int64_t kMax = std::int64_t{1} << 60;
  const auto positive = whole_number(1, kMax);
  auto* command = namespaces.add_subcommand(
      "retention", "Show or set how long a namespace keeps its executions");
  command->add_option("name", arguments->name, "The namespace's name or id")
      ->required()
      ->type_name("NAME");
  command
      ->add_option("--max-age", arguments->max_age, "Delete older ones: 90m, 12h, 30d, 8w")
      ->type_name("AGE");
  command->add_option("--max-count", arguments->max_count, "Keep this many of the newest")
      ->check(positive)
      ->type_name("N");
  command
      ->add_option("--max-bytes", arguments->max_bytes,
                   "Keep the newest that fit: 500MB, 2GiB, or bytes")
      ->transform(byte_count())
      ->type_name("SIZE");
  command->add_flag("--off", arguments->off, "Keep everything");
  auto* preview =
      command->add_flag("--preview", arguments->preview,
                        "Only count what its rules, or those given here, would delete");
  command->add_flag("--run", arguments->run, "Apply it now")->excludes(preview);
  command->footer(
      "Examples:\n"
      "  trawl namespaces retention default --max-age 30d --preview\n"
      "  trawl namespaces retention default --max-age 30d\n"
      "The rules given here replace all earlier ones.");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return retention(context, *arguments); };
  });
}

}  // namespace

void add_namespaces(CLI::App& program, Context& context) {
  auto* group = program.add_subcommand(
      "namespaces", "List, create, show or delete namespaces, and set their retention");
  group->require_subcommand(1);
  group->footer("Example:\n  trawl namespaces create staging --description \"trial data\"");

  auto* list_command = group->add_subcommand("list", "List the namespaces");
  list_command->footer("Example:\n  trawl namespaces list -o csv");
  list_command->callback(
      [&context] { context.action = [&context] { return list_namespaces(context); }; });

  struct Arguments {
    std::string name;
    std::string description;
    bool force = false;
    DeletionFlags deletion;
  };
  auto arguments = std::make_shared<Arguments>();

  auto* create_command = group->add_subcommand("create", "Create a namespace");
  create_command->add_option("name", arguments->name, "The namespace's name")
      ->required()
      ->type_name("NAME");
  create_command->add_option("--description", arguments->description, "What it is for")
      ->type_name("TEXT");
  create_command->footer("Example:\n  trawl namespaces create staging");
  create_command->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return create(context, arguments->name, arguments->description);
    };
  });

  auto* show_command = group->add_subcommand("show", "Print a namespace");
  show_command->add_option("name", arguments->name, "The namespace's name or id")
      ->required()
      ->type_name("NAME");
  show_command->footer("Example:\n  trawl namespaces show default");
  show_command->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return show_namespace(context, arguments->name);
    };
  });

  add_retention(*group, context);

  auto* delete_command =
      group->add_subcommand("delete", "Delete a namespace and all that is in it");
  delete_command->add_option("name", arguments->name, "The namespace's name or id")
      ->required()
      ->type_name("NAME");
  delete_command->add_flag(
      "--force", arguments->force,
      "Even if it holds collections or executions, which are deleted too");
  add_deletion_flags(*delete_command, arguments->deletion);
  delete_command->footer("Example:\n  trawl namespaces delete staging --force");
  delete_command->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return remove(context, arguments->name, arguments->force, arguments->deletion);
    };
  });
}

}  // namespace trawl::cli
