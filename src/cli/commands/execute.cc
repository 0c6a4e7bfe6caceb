#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/field_path.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/commands/document_table.h"
#include "cli/commands/value.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/row_writer.h"
#include "cli/terminal/table.h"
#include "model/execution.h"

namespace trawl::cli {
namespace {

// "failed", "was cancelled", "is processing"
std::string what_happened(const std::string& status) {
  if (status == status::kFailed) return status;
  return (status == status::kCancelled ? "was " : "is ") + status;
}

struct ExecuteArguments {
  std::string file;
  std::vector<std::string> inputs;
  std::vector<std::string> collections;
  std::vector<std::string> columns;
  std::vector<std::string> labels;
};

// NDJSON, most likely documents.
bool holds_lines_of_json(std::string_view text) {
  text = trim(text);
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return false;
  const auto first = parse_json(trim(text.substr(0, end)));
  return first && first->is_object();
}

// The request of the file, with the command line's inputs and collections laid over it.
Outcome<json::object> build_request(Context& context, const ExecuteArguments& arguments) {
  TRAWL_ASSIGN(auto text, read_input(arguments.file, context.host()));
  auto parsed = parse_json(text);
  if (!parsed && holds_lines_of_json(text)) {
    return usage_failure(
        fmt::format("'{}' holds a JSON object on each line, and a retriever is one object "
                    "with stages and inputs; to import documents: trawl import COLLECTION "
                    "{}",
                    arguments.file, arguments.file));
  }
  if (!parsed)
    return usage_failure(
        fmt::format("cannot use '{}': {}", arguments.file, parsed.error().message));
  if (!parsed->is_object())
    return usage_failure(
        fmt::format("'{}' holds {}; a retriever is an object with stages and inputs",
                    arguments.file, type_name(*parsed)));
  json::object request = std::move(parsed->get_object());
  if (!arguments.inputs.empty()) {
    const auto* given_schema = object_at(request, "input_schema");
    const json::object schema = given_schema ? *given_schema : json::object{};
    auto& inputs = request["inputs"];
    if (!inputs.is_object()) inputs.emplace_object();
    for (const auto& one : arguments.inputs) {
      TRAWL_ASSIGN(auto input, parse_input(one, schema));
      inputs.get_object()[input.name] = std::move(input.value);
    }
  }
  if (!arguments.collections.empty()) {
    json::array names;
    for (const auto& name : arguments.collections) names.emplace_back(name);
    request["collection_identifiers"] = std::move(names);
  }
  for (const auto& one : arguments.labels) {
    TRAWL_ASSIGN(auto label, parse_label(one));
    auto& labels = request["labels"];
    if (!labels.is_object()) labels.emplace_object();
    labels.get_object()[label.first] = label.second;
  }
  // Events would come instead of one reply; this command waits for the whole.
  request["stream"] = false;
  return request;
}

void write_csv(Context& context, const json::array& documents,
               const std::vector<std::string>& wanted) {
  std::vector<RowColumn> columns;
  const auto add = [&](std::string_view name) {
    for (const auto& column : columns) {
      if (column.path == name) return;
    }
    columns.push_back(csv_column(std::string(name)));
  };
  for (const auto& name : wanted) add(name);
  if (wanted.empty()) {
    for (const auto& document : documents) {
      const auto* object = document.if_object();
      if (!object) continue;
      for (const auto& member : *object)
        add(std::string_view(member.key().data(), member.key().size()));
    }
  }
  RowWriter writer(context, std::move(columns));
  writer.write(documents);
  writer.finish();
}

// What --columns leaves of documents, each value by its path.
json::array chosen_fields(const json::array& documents,
                          const std::vector<std::string>& wanted) {
  if (wanted.empty()) return documents;
  json::array rows;
  for (const auto& document : documents) {
    json::object row;
    for (const auto& name : wanted) {
      json::value several;
      const auto* value = find_values(document, name).as_one(several);
      row[name] = value == nullptr ? json::value() : *value;
    }
    rows.emplace_back(std::move(row));
  }
  return rows;
}

void write_facets(Host& host, const json::object& reply) {
  const auto* facets = object_at(reply, "facets");
  if (facets == nullptr) return;
  for (const auto& facet : *facets) {
    const auto* values = facet.value().if_array();
    if (values == nullptr) continue;
    const std::string name =
        printable(std::string_view(facet.key().data(), facet.key().size())) + ": ";
    const std::size_t used = display_width(name);
    host.out << styled(name, Style::dim, host.colour)
             << fit(printable(facet_text(*values)),
                    host.width > used + 12 ? host.width - used : 12)
             << '\n';
  }
}

void tell_warnings(Host& host, const json::object& reply) {
  const auto* warnings = array_at(reply, "warnings");
  if (warnings == nullptr) return;
  for (const auto& warning : *warnings) {
    host.err << "warning: " << printable(plain_text(warning)) << '\n';
  }
}

void write_summary(Context& context, const json::object& reply, std::size_t count) {
  auto& host = context.host();
  std::string line =
      fmt::format("{} in {}", format_things(static_cast<std::int64_t>(count), "document"),
                  format_duration_ms(number_at(reply, "stage_statistics.total_time_ms",
                                               number_at(reply, "budget.time_used_ms"))));
  const double credits = number_at(reply, "stage_statistics.credits_used",
                                   number_at(reply, "budget.credits_used"));
  line += fmt::format(", {}, execution {}", format_credits(credits, 4),
                      text_at(reply, "execution_id"));
  host.out << styled(printable(line), Style::dim, host.colour) << '\n';
}

Outcome<Exit> execute(Context& context, const ExecuteArguments& arguments) {
  TRAWL_ASSIGN(auto request, build_request(context, arguments));
  const json::value body = std::move(request);
  std::string raw;
  TRAWL_ASSIGN(auto reply,
               context.call("POST", path({"v1", "retrievers", "execute"}), &body, &raw));
  const auto* found = array_at(reply, "documents");
  const json::array none;
  const json::array& documents = found ? *found : none;
  const std::string status = text_at(reply, "status");
  const bool ok = status == "completed";
  switch (context.format()) {
    case Format::json:
      context.print_raw(raw);
      break;
    case Format::csv:
      write_csv(context, documents, arguments.columns);
      break;
    case Format::ndjson: {
      RowWriter writer(context, {});
      writer.write(chosen_fields(documents, arguments.columns));
      break;
    }
    case Format::table: {
      if (!documents.empty()) {
        RowWriter writer(context, choose_columns(documents, arguments.columns));
        writer.write(documents);
      }
      write_facets(context.host(), reply);
      write_summary(context, reply, documents.size());
      break;
    }
  }
  context.host().out.flush();
  if (context.format() == Format::json && !arguments.columns.empty()) {
    context.host().err << "warning: --columns does nothing to -o json; use -o ndjson, csv "
                          "or table\n";
  }
  tell_unknown_columns(context.host(), documents, arguments.columns);
  tell_warnings(context.host(), reply);
  if (ok) return Exit::ok;
  std::string error = text_at(reply, "error");
  if (error.empty()) error = "no reason was given";
  Failure failure(Exit::refused,
                  fmt::format("the execution {}: {}", what_happened(status), error));
  failure.notes.push_back("its record: trawl executions show " +
                          text_at(reply, "execution_id"));
  return failure;
}

}  // namespace

void add_execute(CLI::App& program, Context& context) {
  auto arguments = std::make_shared<ExecuteArguments>();
  auto* command =
      program.add_subcommand("execute", "Run an ad hoc retriever and print its documents");
  command
      ->add_option("-f,--file", arguments->file,
                   "The retriever: JSON with stages and inputs, or - for standard input")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("-i,--input", arguments->inputs,
                   "An input: JSON, or text if its schema says so; repeatable")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--collection", arguments->collections,
                   "Search this collection instead of the file's; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command
      ->add_option("--columns", arguments->columns,
                   "Fields to print, as in document_id,section")
      ->type_name("PATH,…")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option("--label", arguments->labels,
                   "A label to find the execution by; one each, repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->footer(
      "Examples:\n"
      "  trawl execute -f examples/search.json --input query=\"web server\"\n"
      "  trawl execute -f examples/search.json -o ndjson | head -n 3\n"
      "Exit status 1 when the execution failed; its record stays in the history.");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return execute(context, *arguments); };
  });
}

}  // namespace trawl::cli
