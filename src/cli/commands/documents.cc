#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "cli/commands/commands.h"
#include "cli/commands/deletion.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"

namespace trawl::cli {
namespace {

struct DocumentsArguments {
  std::string collection;
  std::string document_id;
  DeletionFlags deletion;
};

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
  add("get", "Print a document", get_document);
  add("delete", "Delete a document", remove_document);
}

}  // namespace trawl::cli
