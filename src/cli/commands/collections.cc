#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands/checks.h"
#include "cli/commands/collection_definition.h"
#include "cli/commands/commands.h"
#include "cli/commands/deletion.h"
#include "cli/commands/value.h"
#include "cli/commands/vector_progress.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/row_writer.h"

namespace trawl::cli {

Outcome<json::object> create_collection(Context& context, const std::string& name,
                                        const std::vector<std::string>& fields,
                                        const std::string& language,
                                        const std::string& description, std::string* raw) {
  json::object feature = {{"type", "bm25"}, {"feature_uri", kTextFeatureUri}};
  if (!fields.empty()) {
    TRAWL_ASSIGN(feature["fields"], parse_fields(fields));
  }
  if (!language.empty()) feature["language"] = language;
  json::object body = {{"collection_name", name}};
  if (!description.empty()) body["description"] = description;
  // One that says nothing of its features gets those that the server has for it, vectors
  // too.
  if (!fields.empty() || !language.empty()) {
    body["features"] = json::array{std::move(feature)};
  }
  const json::value value = std::move(body);
  return context.call("POST", path({"v1", "collections"}), &value, raw);
}

namespace {

struct CollectionsArguments {
  std::string name;
  std::vector<std::string> fields;
  std::string language;
  std::string description;
  std::int64_t limit = 0;  // 0: all
  DeletionFlags deletion;
};

// How many of its documents have the vectors that they are to have. The names of features
// are in the JSON alone.
RowColumn vectors_column() {
  return {{"VECTORS", true, false, 8, 3},
          [](const json::object& row) {
            const VectorState state = vector_state(row);
            Cell cell{share_text(state)};
            if (!state.hindrance.empty()) cell.style = Style::bad;
            return cell;
          },
          ""};
}

Outcome<Exit> list_collections(Context& context, std::int64_t limit) {
  PagedList list;
  list.target = path({"v1", "collections", "list"});
  list.all = limit == 0;
  list.limit = limit;
  list.nothing = "no collections";
  return write_list(
      context, list,
      {text_column("NAME", "collection_name"), text_column("ID", "collection_id"),
       count_column("DOCUMENTS", "document_count", 2), vectors_column(),
       time_column("CREATED", "created_at", 4),
       text_column("DESCRIPTION", "description", true, 5)});
}

Outcome<Exit> create(Context& context, const CollectionsArguments& arguments) {
  std::string raw;
  TRAWL_ASSIGN(auto reply,
               create_collection(context, arguments.name, arguments.fields,
                                 arguments.language, arguments.description, &raw));
  if (context.format() == Format::table) {
    context.host().out << "created collection "
                       << printable(text_at(reply, "collection_name")) << " ("
                       << text_at(reply, "collection_id") << ")\n";
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

Outcome<Exit> show_collection(Context& context, const std::string& name) {
  std::string raw;
  TRAWL_ASSIGN(auto shown,
               context.call("GET", path({"v1", "collections", name}), nullptr, &raw));
  if (context.format() == Format::table) {
    if (auto facts = feature_facts(shown); !facts.empty()) {
      shown["features"] = std::move(facts);
      shown.erase("vector_indexes");  // The same once more.
      raw = to_json_text(shown);
    }
  }
  return write_object(context, raw);
}

Outcome<Exit> wait_for_collection(Context& context, const std::string& name) {
  TRAWL_ASSIGN(const auto state, wait_for_vectors(context, name));
  if (context.format() == Format::table) {
    context.host().out << format_things(state.documents, "document")
                       << (state.documents == 1 ? " has its vectors\n"
                                                : " have their vectors\n");
    return Exit::ok;
  }
  return show_collection(context, name);
}

Outcome<Exit> remove_collection(Context& context, const CollectionsArguments& arguments) {
  const std::string& name = arguments.name;
  std::string what = fmt::format("the collection '{}'", name);
  if (arguments.deletion.wants_to_know(context.host())) {
    TRAWL_ASSIGN(const auto found, context.call("GET", path({"v1", "collections", name})));
    what += fmt::format(" with {}",
                        format_things(count_at(found, "document_count"), "document"));
  }
  TRAWL_ASSIGN(const bool go_on, confirm_deletion(context, arguments.deletion, what));
  if (!go_on) return Exit::ok;
  std::string raw;
  TRAWL_TRY(context.call("DELETE", path({"v1", "collections", name}), nullptr, &raw));
  if (context.format() == Format::table) {
    context.host().out << "deleted collection " << printable(name) << '\n';
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

}  // namespace

void add_collections(CLI::App& program, Context& context) {
  auto* group =
      program.add_subcommand("collections", "List, create, show or delete collections");
  group->require_subcommand(1);
  group->footer(
      "Example:\n  trawl collections create articles --field title:3 --field body");
  auto arguments = std::make_shared<CollectionsArguments>();

  auto* list_command =
      group->add_subcommand("list", "List the collections of the namespace");
  list_command->footer("Example:\n  trawl collections list");
  auto* limit = list_command->add_option("--limit", arguments->limit, "Rows in total [all]")
                    ->check(whole_number(1))
                    ->type_name("N");
  list_command->add_flag("--all")
      ->description("Every row, as without --limit")
      ->excludes(limit);
  list_command->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return list_collections(context, arguments->limit);
    };
  });

  auto* create_command = group->add_subcommand(
      "create", "Create a collection that is searched by words (BM25)");
  create_command
      ->add_option("name", arguments->name, "The collection's name, 3 to 100 characters")
      ->required()
      ->type_name("NAME");
  create_command
      ->add_option("-f,--field,--fields", arguments->fields,
                   "A searched field with its weight from 1 to 10; repeatable [every text]")
      ->type_name("PATH[:WEIGHT]")
      ->allow_extra_args(false);
  create_command
      ->add_option(
          "--language", arguments->language,
          "Match word stems of this language, such as english; none: whole words [auto]")
      ->type_name("NAME");
  create_command->add_option("--description", arguments->description, "What it holds")
      ->type_name("TEXT");
  create_command->footer(
      "Example:\n"
      "  trawl collections create articles --field title:3 --field body\n"
      "Retrievers search it by the feature trawl://bm25@v1/text; one that is made without\n"
      "fields and language by its meaning too, where the server has an embedding model.");
  create_command->callback([&context, arguments] {
    context.action = [&context, arguments] { return create(context, *arguments); };
  });

  auto* show_command = group->add_subcommand("show", "Print a collection");
  show_command->add_option("name", arguments->name, "The collection's name or id")
      ->required()
      ->type_name("NAME");
  show_command->footer("Example:\n  trawl collections show articles");
  show_command->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return show_collection(context, arguments->name);
    };
  });

  auto* wait_command =
      group->add_subcommand("wait", "Wait until its documents have their vectors");
  wait_command->add_option("name", arguments->name, "The collection's name or id")
      ->required()
      ->type_name("NAME");
  wait_command->footer(
      "Example:\n"
      "  trawl collections wait articles\n"
      "Exit status 1 where they do not come: the feature is paused, or its model fails.");
  wait_command->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return wait_for_collection(context, arguments->name);
    };
  });

  auto* delete_command =
      group->add_subcommand("delete", "Delete a collection and its documents");
  delete_command->add_option("name", arguments->name, "The collection's name or id")
      ->required()
      ->type_name("NAME");
  add_deletion_flags(*delete_command, arguments->deletion);
  delete_command->footer("Example:\n  trawl collections delete articles");
  delete_command->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return remove_collection(context, *arguments);
    };
  });
}

}  // namespace trawl::cli
