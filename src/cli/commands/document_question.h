#pragma once

#include <string>
#include <string_view>

#include "cli/context.h"

namespace CLI {
class App;
}

// What `trawl why` and `trawl explain` share: a question about one document of an
// execution.
namespace trawl::cli {

struct DocumentQuestion {
  std::string execution;   // As find_execution_id() takes it.
  std::string document;    // Its id.
  std::string collection;  // Empty for wherever the execution looked.
};

// The options of `command` that fill `question` in, which outlives the command.
void add_document_question(CLI::App& command, DocumentQuestion& question);

struct DocumentAnswer {
  std::string execution_id;
  json::object answer;
  std::string raw;  // The text of the reply.
};

// Asks the route of this name below the execution; `body` may say more.
//   as find_execution_id(), and what the server answers
Outcome<DocumentAnswer> ask_about_document(Context& context,
                                           const DocumentQuestion& question,
                                           std::string_view route, json::object body = {});

// The sentence that every such answer begins with.
void show_sentence(Host& host, const json::object& answer);

}  // namespace trawl::cli
