#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/row_writer.h"

namespace trawl::cli {
namespace {

Outcome<Exit> list(Context& context) {
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
    context.host().out << "created namespace " << text_at(reply, "namespace_name") << " ("
                       << text_at(reply, "namespace_id") << ")\n";
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

Outcome<Exit> show(Context& context, const std::string& name) {
  std::string raw;
  TRAWL_TRY(context.call("GET", path({"v1", "namespaces", name}), nullptr, &raw));
  context.print_raw(raw);
  return Exit::ok;
}

Outcome<Exit> remove(Context& context, const std::string& name, bool force) {
  Query query;
  if (force) query.emplace_back("force", "true");
  std::string raw;
  TRAWL_TRY(context.call("DELETE", with_query(path({"v1", "namespaces", name}), query),
                         nullptr, &raw));
  if (context.format() == Format::table) {
    context.host().out << "deleted namespace " << name << '\n';
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

}  // namespace

void add_namespaces(CLI::App& program, Context& context) {
  auto* group =
      program.add_subcommand("namespaces", "List, create, show or delete namespaces");
  group->require_subcommand(1);
  group->footer("Example:\n  trawl namespaces create staging --description \"trial data\"");

  auto* list_command = group->add_subcommand("list", "List the namespaces");
  list_command->footer("Example:\n  trawl namespaces list -o csv");
  list_command->callback(
      [&context] { context.action = [&context] { return list(context); }; });

  struct Arguments {
    std::string name;
    std::string description;
    bool force = false;
  };
  auto arguments = std::make_shared<Arguments>();

  auto* create_command = group->add_subcommand("create", "Create a namespace");
  create_command->add_option("name", arguments->name, "Its name")
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

  auto* show_command = group->add_subcommand("show", "Print a namespace as JSON");
  show_command->add_option("name", arguments->name, "Its name or id")
      ->required()
      ->type_name("NAME");
  show_command->footer("Example:\n  trawl namespaces show default");
  show_command->callback([&context, arguments] {
    context.action = [&context, arguments] { return show(context, arguments->name); };
  });

  auto* delete_command =
      group->add_subcommand("delete", "Delete a namespace and all that is in it");
  delete_command->add_option("name", arguments->name, "Its name or id")
      ->required()
      ->type_name("NAME");
  delete_command->add_flag(
      "--force", arguments->force,
      "Even when it holds collections or executions, which go with it");
  delete_command->footer("Example:\n  trawl namespaces delete staging --force");
  delete_command->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return remove(context, arguments->name, arguments->force);
    };
  });
}

}  // namespace trawl::cli
