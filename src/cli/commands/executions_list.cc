#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands/checks.h"
#include "cli/commands/commands.h"
#include "cli/commands/execution_filter_flags.h"
#include "cli/commands/execution_rows.h"
#include "cli/commands/nothing_found.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/row_writer.h"
#include "model/recorded_fields.h"

namespace trawl::cli {
namespace {

struct ExecutionsListArguments {
  MakeFilterBody filter;
  std::string sort;
  std::vector<std::string> fields;
  std::string cursor;
  std::int64_t limit = 20;
  std::int64_t offset = 0;
  bool all = false;
};

Outcome<Exit> list(Context& context, const ExecutionsListArguments& arguments) {
  PagedList list;
  list.target = path({"v1", "retrievers", "executions", "list"});
  TRAWL_ASSIGN(list.body, arguments.filter());
  if (!arguments.sort.empty()) list.body["sort"] = arguments.sort;
  json::array fields;
  for (const auto& field : arguments.fields) fields.emplace_back(field);
  if (fields.empty() && context.format() == Format::csv && !kCsvIsInRows) {
    for (const auto field : csv_field_names()) {
      if (field != "error") fields.push_back(text_value(field));
    }
    fields.emplace_back("error");
  }
  // Whoever sees that something failed sees why.
  if (fields.empty()) {
    for (const RecordedField& field : kRecordedFields) {
      if (field.kept == Kept::row) fields.push_back(text_value(field.name));
    }
    fields.emplace_back("error");
  }
  if (!fields.empty()) list.body["fields"] = std::move(fields);
  list.limit = arguments.limit;
  list.all = arguments.all;
  list.offset = arguments.offset;
  list.cursor = arguments.cursor;
  list.nothing = "no executions";
  list.on_nothing = [&context, body = list.body] { explain_nothing(context, body); };
  if (context.format() == Format::json || context.format() == Format::ndjson) {
    list.amend = inputs_as_json;
  }
  return write_list(
      context, list,
      arguments.fields.empty() ? execution_columns() : chosen_columns(arguments.fields));
}

}  // namespace

void add_executions_list(CLI::App& executions, Context& context) {
  auto arguments = std::make_shared<ExecutionsListArguments>();
  auto* command = executions.add_subcommand("list", "List or search executions");
  arguments->filter = add_filter_flags(*command);
  command
      ->add_option("--sort", arguments->sort,
                   "timestamp, duration_ms, credits_used or total_returned; greatest "
                   "first, or least first with + in front [timestamp]")
      ->type_name("FIELD");
  command
      ->add_option("--fields", arguments->fields,
                   "Only these fields, separated by commas: status,error,labels")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("FIELDS");
  auto* limit = command->add_option("--limit", arguments->limit, "Rows in total [20]")
                    ->check(whole_number(1))
                    ->type_name("N");
  command->add_flag("--all", arguments->all, "Every row, page by page")->excludes(limit);
  auto* offset = command->add_option("--offset", arguments->offset, "Rows to skip first")
                     ->check(whole_number(0, 10'000))
                     ->type_name("N");
  command
      ->add_option("--cursor", arguments->cursor,
                   "Continue where a list ended (next_cursor)")
      ->type_name("CURSOR")
      ->excludes(offset);
  command->footer(
      "Examples:\n"
      "  trawl executions list --since -24h --status failed\n"
      "  trawl executions list --query 'night ferry' --min-duration 1s --sort duration_ms\n"
      "  trawl executions list --label team=search --returned zero --fields query_summary\n"
      "  trawl executions list --all -o csv > executions.csv");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return list(context, *arguments); };
  });
}

}  // namespace trawl::cli
