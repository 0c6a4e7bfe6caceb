#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "cli/client/upload.h"
#include "cli/commands/collection_definition.h"
#include "cli/commands/commands.h"
#include "cli/context.h"

namespace trawl::cli {
namespace {

struct ImportArguments {
  std::string collection;
  std::string file;
  bool create = false;
  std::vector<std::string> fields;
  std::string language;
};

Outcome<Exit> import(Context& context, const ImportArguments& arguments) {
  // Asked first, so a wrong name or key costs no upload.
  const auto found = context.call("GET", path({"v1", "collections", arguments.collection}));
  if (!found) {
    if (found.error().http_status != 404 || !arguments.create) {
      Failure failure = found.error();
      if (failure.http_status == 404) {
        std::error_code ignored;
        const bool is_swapped = std::filesystem::exists(arguments.collection, ignored) &&
                                !std::filesystem::exists(arguments.file, ignored);
        failure.notes.push_back(
            is_swapped ? fmt::format("the collection comes first: trawl import {} {}",
                                     arguments.file, arguments.collection)
                       : "--create creates the collection first");
      }
      return failure;
    }
    TRAWL_TRY(create_collection(context, arguments.collection, arguments.fields,
                                arguments.language, "", nullptr));
  }
  return upload_ndjson(
      context, path({"v1", "collections", arguments.collection, "documents", "import"}),
      arguments.file, "documents");
}

}  // namespace

void add_import(CLI::App& program, Context& context) {
  auto arguments = std::make_shared<ImportArguments>();
  auto* command = program.add_subcommand(
      "import", "Write documents into a collection, one JSON object per line");
  command->add_option("collection", arguments->collection, "Name or id")
      ->required()
      ->type_name("COLLECTION");
  command->add_option("file", arguments->file, "NDJSON, or - for standard input")
      ->required()
      ->type_name("FILE");
  auto* create = command->add_flag("--create", arguments->create,
                                   "Create the collection if it does not exist");
  command
      ->add_option("--fields,--field", arguments->fields,
                   "With --create: searched fields, as in title:3,body [every text]")
      ->type_name("PATH[:WEIGHT],…")
      ->allow_extra_args(false)
      ->needs(create);
  command
      ->add_option("--language", arguments->language,
                   "With --create: match word stems of this language, such as english")
      ->type_name("NAME")
      ->needs(create);
  command->footer(
      "Examples:\n"
      "  trawl import articles articles.ndjson --create --fields title:3,body\n"
      "  trawl import articles more.ndjson.gz\n"
      "  jq -c '.[]' list.json | trawl import articles -\n"
      "A document's id is its document_id; an existing one is replaced.\n"
      "Exit status 1 when any line was refused; the others are stored.");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return import(context, *arguments); };
  });
}

}  // namespace trawl::cli
