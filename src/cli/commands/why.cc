// trawl why: why a document is, or is not, in the results of an execution.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/field_path.h"
#include "cli/commands/commands.h"
#include "cli/commands/document_question.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

void show_boundaries(Host& host, const json::object& answer) {
  const auto* boundaries = array_at(answer, "boundaries");
  if (boundaries == nullptr || boundaries->empty()) return;
  Table table({{"STAGE", false, true, 10},
               {"KIND", false, true, 8, 2},
               {"RANK", true},
               {"OF", true},
               {"SCORE", true, false, 8, 1}},
              host.width, host.colour);
  std::vector<std::vector<Cell>> rows;
  for (const auto& each : *boundaries) {
    const json::object& boundary = each.get_object();
    const auto rank = count_at(boundary, "rank", -1);
    const auto* score = find_path(boundary, "score");
    rows.push_back(
        {{printable(text_at(boundary, "stage_name"))},
         {printable(text_at(boundary, "stage_id"))},
         {rank < 0 ? "-" : format_count(rank), rank < 0 ? Style::bad : Style::plain},
         {format_count(count_at(boundary, "count"))},
         {score != nullptr && is_number(*score) ? format_number(as_double(*score), 4)
                                                : std::string("-")}});
  }
  host.out << '\n' << table.lines(rows);
}

Outcome<Exit> why(Context& context, const DocumentQuestion& question) {
  TRAWL_ASSIGN(const auto answered, ask_about_document(context, question, "why"));
  if (context.format() != Format::table) return write_object(context, answered.raw);
  const json::object& answer = answered.answer;
  auto& host = context.host();
  show_sentence(host, answer);
  show_boundaries(host, answer);
  if (const auto* change = object_at(answer, "nearest_change")) {
    if (const auto* set = array_at(*change, "set")) {
      host.out << '\n'
               << styled(printable(fmt::format("Try it: trawl replay {} --patch '{}'",
                                               answered.execution_id, to_json_text(*set))),
                         Style::dim, host.colour)
               << '\n';
    }
  }
  return Exit::ok;
}

}  // namespace

void add_why(CLI::App& program, Context& context) {
  auto* command = program.add_subcommand(
      "why", "Say why a document is, or is not, in the results of an execution");
  auto question = std::make_shared<DocumentQuestion>();
  add_document_question(*command, *question);
  command->footer(
      "Example:\n"
      "  trawl why latest vim\n"
      "Where the record does not say, the run is made again over the documents of then;\n"
      "that is not recorded. A change is only proposed when a run with it kept the "
      "document.");
  command->callback([&context, question] {
    context.action = [&context, question] { return why(context, *question); };
  });
}

}  // namespace trawl::cli
