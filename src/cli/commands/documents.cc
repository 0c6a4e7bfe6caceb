#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>

#include "cli/commands/commands.h"
#include "cli/context.h"
#include "cli/terminal/format.h"

namespace trawl::cli {
namespace {

struct DocumentsArguments {
  std::string collection;
  std::string document_id;
};

Outcome<Exit> get_document(Context& context, const DocumentsArguments& arguments) {
  std::string raw;
  TRAWL_TRY(context.call(
      "GET",
      path({"v1", "collections", arguments.collection, "documents", arguments.document_id}),
      nullptr, &raw));
  context.print_raw(raw);
  return Exit::ok;
}

Outcome<Exit> remove_document(Context& context, const DocumentsArguments& arguments) {
  std::string raw;
  TRAWL_TRY(context.call(
      "DELETE",
      path({"v1", "collections", arguments.collection, "documents", arguments.document_id}),
      nullptr, &raw));
  if (context.format() == Format::table) {
    context.host().out << "deleted document " << printable(arguments.document_id) << '\n';
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

}  // namespace

void add_documents(CLI::App& program, Context& context) {
  auto* group = program.add_subcommand("documents", "Show or delete one document");
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
    command->footer(std::string("Example:\n  trawl documents ") + name + " packages nginx");
    command->callback([&context, arguments, function] {
      context.action = [&context, arguments, function] {
        return function(context, *arguments);
      };
    });
  };
  add("get", "Print a document as JSON", get_document);
  add("delete", "Delete a document", remove_document);
}

}  // namespace trawl::cli
