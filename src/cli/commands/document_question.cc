#include "cli/commands/document_question.h"

#include <CLI/CLI.hpp>
#include <ostream>
#include <utility>

#include "base/field_path.h"
#include "cli/commands/named_execution.h"
#include "cli/terminal/format.h"

namespace trawl::cli {

void add_document_question(CLI::App& command, DocumentQuestion& question) {
  command
      .add_option("execution", question.execution,
                  "An id, the beginning of one, latest, or latest~2")
      ->required()
      ->type_name("ID");
  command.add_option("document", question.document, "The id of the document")
      ->required()
      ->type_name("DOCUMENT");
  command
      .add_option("--collection", question.collection,
                  "Where it is, by name or id [wherever the execution looked]")
      ->type_name("NAME");
}

Outcome<DocumentAnswer> ask_about_document(Context& context,
                                           const DocumentQuestion& question,
                                           std::string_view route, json::object body) {
  DocumentAnswer answered;
  TRAWL_ASSIGN(answered.execution_id, find_execution_id(context, question.execution));
  body["document_id"] = question.document;
  if (!question.collection.empty()) body["collection_id"] = question.collection;
  const json::value sent = std::move(body);
  TRAWL_ASSIGN(answered.answer,
               context.call("POST",
                            path({"v1", "retrievers", "executions", answered.execution_id,
                                  std::string(route)}),
                            &sent, &answered.raw));
  return answered;
}

void show_sentence(Host& host, const json::object& answer) {
  const bool is_there = text_at(answer, "outcome") == "in_results";
  host.out << styled(printable(text_at(answer, "sentence")),
                     is_there ? Style::good : Style::bold, host.colour)
           << '\n';
}

}  // namespace trawl::cli
