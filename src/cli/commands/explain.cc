// trawl explain: why a document stands where it does in the results of an execution.
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

struct ExplainFlags {
  DocumentQuestion question;
  std::string as_of = "then";
};

std::string number_text(const json::object& object, std::string_view name, int digits = 4) {
  const auto* value = find_path(object, name);
  return value != nullptr && is_number(*value) ? format_number(as_double(*value), digits)
                                               : std::string("-");
}

std::string rank_text(const json::object& object, std::string_view name) {
  const auto rank = count_at(object, name, -1);
  return rank < 0 ? "-" : format_count(rank);
}

void show_stages(Host& host, const json::array& stages) {
  if (stages.empty()) return;
  Table table({{"STAGE", false, true, 10},
               {"KIND", false, true, 8, 2},
               {"BEFORE", true, false, 8, 3},
               {"RANK", true},
               {"OF", true},
               {"SCORE", true, false, 8, 1}},
              host.width, host.colour);
  std::vector<std::vector<Cell>> rows;
  for (const auto& each : stages) {
    const json::object& stage = each.get_object();
    const std::string rank = rank_text(stage, "rank");
    rows.push_back({{printable(text_at(stage, "stage_name"))},
                    {printable(text_at(stage, "stage_id"))},
                    {rank_text(stage, "rank_before")},
                    {rank, rank == "-" ? Style::bad : Style::plain},
                    {format_count(count_at(stage, "count"))},
                    {number_text(stage, "score")}});
  }
  host.out << '\n' << table.lines(rows);
}

// "title 2 x3, body 1": where a term occurs, how often, and how much that counts.
std::string fields_text(const json::object& term) {
  std::string out;
  const auto* fields = array_at(term, "fields");
  if (fields == nullptr) return out;
  for (const auto& each : *fields) {
    const json::object& field = each.get_object();
    if (!out.empty()) out += ", ";
    out += fmt::format("{} {}", text_at(field, "path"), count_at(field, "occurrences"));
    if (const auto boost = count_at(field, "boost"); boost > 1) {
      out += fmt::format(" x{}", boost);
    }
  }
  return out;
}

void show_terms(Host& host, const json::object& bm25) {
  const auto* terms = array_at(bm25, "terms");
  if (terms == nullptr || terms->empty()) return;
  Table table({{"  TERM", false, true, 10},
               {"SCORE", true},
               {"IDF", true, false, 8, 2},
               {"TF", true, false, 8, 3},
               {"WHERE", false, true, 10, 1}},
              host.width, host.colour);
  std::vector<std::vector<Cell>> rows;
  for (const auto& each : *terms) {
    const json::object& term = each.get_object();
    rows.push_back({{printable("  " + text_at(term, "term"))},
                    {number_text(term, "score")},
                    {number_text(term, "idf")},
                    {format_count(count_at(term, "tf"))},
                    {printable(fields_text(term))}});
  }
  for (const auto& term : *array_at(bm25, "lacking_terms")) {
    rows.push_back(
        {{printable("  " + plain_text(term)), Style::dim}, {"-"}, {"-"}, {"0"}, {}});
  }
  if (rows.size() > 1) {
    rows.push_back(
        {{"  all", Style::bold}, {number_text(bm25, "sum"), Style::bold}, {}, {}, {}});
  }
  host.out << table.lines(rows);
  host.out << styled(fmt::format("  {} terms long, where {} are usual; {} documents",
                                 format_count(count_at(bm25, "length")),
                                 number_text(bm25, "average_length", 1),
                                 format_count(count_at(bm25, "documents"))),
                     Style::dim, host.colour)
           << '\n';
}

void show_searches(Host& host, const json::object& stage) {
  const auto* evidence = object_at(stage, "evidence");
  const auto* searches = evidence == nullptr ? nullptr : array_at(*evidence, "searches");
  if (searches == nullptr) return;
  for (const auto& each : *searches) {
    const json::object& search = each.get_object();
    std::string line = fmt::format("{}: '{}'", text_at(stage, "stage_name"),
                                   fit(printable(text_at(search, "query")), 60));
    if (const auto* missed = object_at(search, "missed")) {
      line += fmt::format(", not there: {}", text_at(*missed, "sentence"));
    } else {
      line += fmt::format(", rank {} of {}", rank_text(search, "rank"),
                          format_count(count_at(search, "of")));
      if (const auto part = number_text(search, "part", 6); part != "-") {
        line += fmt::format(", adds {}", part);
      }
    }
    host.out << '\n' << styled(printable(line), Style::bold, host.colour) << '\n';
    if (const auto* bm25 = object_at(search, "bm25")) show_terms(host, *bm25);
  }
}

Outcome<Exit> explain(Context& context, const ExplainFlags& flags) {
  TRAWL_ASSIGN(const auto answered, ask_about_document(context, flags.question, "explain",
                                                       {{"as_of", flags.as_of}}));
  if (context.format() != Format::table) return write_object(context, answered.raw);
  const json::object& answer = answered.answer;
  auto& host = context.host();
  show_sentence(host, answer);
  if (const auto* stages = array_at(answer, "stages")) {
    show_stages(host, *stages);
    for (const auto& stage : *stages) show_searches(host, stage.get_object());
  }
  const std::string outcome = text_at(answer, "outcome");
  if (outcome == "lost" || outcome == "not_in_collection") {
    host.out << '\n'
             << styled(
                    printable(fmt::format("Ask why: trawl why {} {}", answered.execution_id,
                                          flags.question.document)),
                    Style::dim, host.colour)
             << '\n';
  }
  return Exit::ok;
}

}  // namespace

void add_explain(CLI::App& program, Context& context) {
  auto* command = program.add_subcommand(
      "explain", "Say why a document stands where it does in the results of an execution");
  auto flags = std::make_shared<ExplainFlags>();
  add_document_question(*command, flags->question);
  command
      ->add_option("--as-of", flags->as_of,
                   "The documents of then, of now, or of a time [then]")
      ->type_name("WHEN");
  command->footer(
      "Example:\n"
      "  trawl explain latest vim\n"
      "The run is made again over the documents of then, which is not recorded. The "
      "scores\n"
      "of the terms add up to that of the search; of a document that was lost, ask "
      "trawl why.");
  command->callback([&context, flags] {
    context.action = [&context, flags] { return explain(context, *flags); };
  });
}

}  // namespace trawl::cli
