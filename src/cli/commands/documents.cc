#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/commands/checks.h"
#include "cli/commands/commands.h"
#include "cli/commands/deletion.h"
#include "cli/commands/document_table.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/row_writer.h"

namespace trawl::cli {
namespace {

struct DocumentsArguments {
  std::string collection;
  std::string document_id;
  std::vector<std::string> columns;
  std::string query;
  std::string where;
  std::string sort;
  std::int64_t limit = 20;
  bool all = false;
  DeletionFlags deletion;
};

Outcome<Exit> list_documents(Context& context, const DocumentsArguments& arguments) {
  const auto& columns = arguments.columns;
  if (context.format() == Format::csv && columns.empty()) {
    return usage_failure(
        "documents have no columns in common; name those of the CSV, as in --columns "
        "document_id,title, or use -o ndjson");
  }
  PagedList list;
  list.target = path({"v1", "collections", arguments.collection, "documents", "list"});
  if (!arguments.where.empty()) {
    auto filters = parse_json(arguments.where);
    if (!filters || !filters->is_object()) {
      return usage_failure(
          fmt::format("--where is '{}', which is not a JSON object; use a filter such as "
                      "'{{\"author\": \"Austen\"}}'",
                      truncate_text(arguments.where, 64)));
    }
    list.body["filters"] = std::move(*filters);
  }
  if (!arguments.query.empty()) list.body["search"] = text_value(arguments.query);
  if (!arguments.sort.empty()) list.body["sort"] = text_value(arguments.sort);
  if (!columns.empty()) {
    json::array select;
    for (const auto& column : columns) select.push_back(text_value(column));
    list.body["select"] = std::move(select);
  }
  list.limit = arguments.limit;
  list.all = arguments.all;
  list.nothing = "no documents";
  list.amend = [](json::object& row) { row.erase("_internal"); };
  list.columns_for = [&](const json::array& rows) {
    tell_unknown_columns(context.host(), rows, columns);
    if (context.format() == Format::table) return choose_columns(rows, columns);
    std::vector<RowColumn> out;
    for (const auto& column : columns) out.push_back(csv_column(column));
    return out;
  };
  return write_list(context, list, {});
}

Outcome<Exit> get_document(Context& context, const DocumentsArguments& arguments) {
  std::string raw;
  TRAWL_TRY(context.call(
      "GET",
      path({"v1", "collections", arguments.collection, "documents", arguments.document_id}),
      nullptr, &raw));
  return write_object(context, raw);
}

Outcome<Exit> remove_document(Context& context, const DocumentsArguments& arguments) {
  const std::string place =
      path({"v1", "collections", arguments.collection, "documents", arguments.document_id});
  if (arguments.deletion.wants_to_know(context.host())) {
    TRAWL_TRY(context.call("GET", place));
  }
  TRAWL_ASSIGN(const bool go_on,
               confirm_deletion(context, arguments.deletion,
                                fmt::format("the document '{}' of '{}'",
                                            arguments.document_id, arguments.collection)));
  if (!go_on) return Exit::ok;
  std::string raw;
  TRAWL_TRY(context.call("DELETE", place, nullptr, &raw));
  if (context.format() == Format::table) {
    context.host().out << "deleted document " << printable(arguments.document_id) << '\n';
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

}  // namespace

void add_documents(CLI::App& program, Context& context) {
  auto* group = program.add_subcommand("documents", "List, show or delete documents");
  group->require_subcommand(1);
  group->footer(
      "Example:\n  trawl documents get packages nginx\n"
      "To write many documents, use: trawl import");
  auto arguments = std::make_shared<DocumentsArguments>();
  const auto add = [&](const char* name, const char* description, auto function) {
    auto* command = group->add_subcommand(name, description);
    command->add_option("collection", arguments->collection, "Name or id")
        ->required()
        ->type_name("COLLECTION");
    command->add_option("document", arguments->document_id, "The document's id")
        ->required()
        ->type_name("DOCUMENT_ID");
    if (std::string_view(name) == "delete") {
      add_deletion_flags(*command, arguments->deletion);
    }
    command->footer(std::string("Example:\n  trawl documents ") + name + " packages nginx");
    command->callback([&context, arguments, function] {
      context.action = [&context, arguments, function] {
        return function(context, *arguments);
      };
    });
  };
  auto* list_command = group->add_subcommand("list", "List the documents of a collection");
  list_command->add_option("collection", arguments->collection, "Name or id")
      ->required()
      ->type_name("COLLECTION");
  list_command
      ->add_option("--query", arguments->query, "Any of these words, the best first")
      ->check(not_empty())
      ->type_name("WORDS");
  list_command
      ->add_option("--sort", arguments->sort,
                   "A field, least first, or greatest first with - in front")
      ->check(not_empty())
      ->type_name("FIELD");
  list_command
      ->add_option("--where", arguments->where,
                   "A filter over their fields, as in '{\"author\": \"Austen\"}'")
      ->check(not_empty())
      ->type_name("JSON");
  list_command
      ->add_option("--columns", arguments->columns,
                   "Fields to print, as in document_id,title")
      ->type_name("PATH,…")
      ->delimiter(',')
      ->allow_extra_args(false);
  auto* limit = list_command->add_option("--limit", arguments->limit, "Rows in total [20]")
                    ->check(whole_number(1))
                    ->type_name("N");
  list_command->add_flag("--all", arguments->all, "Every row, page by page")
      ->excludes(limit);
  list_command->footer(
      "Examples:\n"
      "  trawl documents list packages --limit 5\n"
      "  trawl documents list packages --all -o ndjson > packages.ndjson\n"
      "To rank documents by words, use: trawl execute");
  list_command->callback([&context, arguments] {
    context.action = [&context, arguments] { return list_documents(context, *arguments); };
  });
  add("get", "Print a document", get_document);
  add("delete", "Delete a document", remove_document);
}

}  // namespace trawl::cli
