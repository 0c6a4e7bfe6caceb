#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "cli/client/upload.h"
#include "cli/commands/checks.h"
#include "cli/commands/collection_definition.h"
#include "cli/commands/commands.h"
#include "cli/commands/vector_progress.h"
#include "cli/context.h"

namespace trawl::cli {
namespace {

struct ImportArguments {
  std::string collection;
  std::string file;
  bool create = false;
  std::vector<std::string> fields;
  std::string language;
  std::string wait_for;
};

// Said before anything is sent, where there is nothing to wait for.
Outcome<Exit> must_have_model(const json::object& collection) {
  if (vector_state(collection).has_model) return Exit::ok;
  return usage_failure(
      "the collection has no feature whose vectors a model makes; leave --wait-for out");
}

Outcome<Exit> import(Context& context, const ImportArguments& arguments) {
  // Asked first, so a wrong name or key costs no upload.
  auto found = context.call("GET", path({"v1", "collections", arguments.collection}));
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
    found = create_collection(context, arguments.collection, arguments.fields,
                              arguments.language, "", nullptr);
    if (!found) return found.error();
  }
  const bool waits = !arguments.wait_for.empty();
  if (waits) TRAWL_TRY(must_have_model(*found));
  TRAWL_ASSIGN(
      const Exit uploaded,
      upload_ndjson(
          context, path({"v1", "collections", arguments.collection, "documents", "import"}),
          arguments.file, "documents"));
  // Asked for from time to time, not held open: no limit of a request ends it.
  if (waits) TRAWL_TRY(wait_for_vectors(context, arguments.collection));
  return uploaded;
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
      ->add_option(
          "--language", arguments->language,
          "With --create: match word stems of this language, such as english; none: "
          "whole words [auto]")
      ->type_name("NAME")
      ->needs(create);
  command
      ->add_option(
          "--wait-for", arguments->wait_for,
          "With 'vectors': return when the documents have those that a model makes")
      ->type_name("vectors")
      ->check(one_of({"vectors"}));
  command->footer(
      "Examples:\n"
      "  trawl import articles articles.ndjson --create --fields title:3,body\n"
      "  trawl import articles more.ndjson.gz --wait-for vectors\n"
      "  jq -c '.[]' list.json | trawl import articles -\n"
      "A document's id is its document_id; an existing one is replaced.\n"
      "Exit status 1 when any line was refused; the others are stored.");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return import(context, *arguments); };
  });
}

}  // namespace trawl::cli
