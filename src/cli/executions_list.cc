#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/execution_filter_flags.h"
#include "cli/format.h"
#include "cli/row_writer.h"

namespace trawl::cli {
namespace {

struct Arguments {
  MakeFilterBody filter;
  std::string sort;
  std::vector<std::string> fields;
  std::string cursor;
  std::int64_t limit = 20;
  std::int64_t offset = 0;
  bool all = false;
};

// The table shows what helps to find an execution; the CSV all thirteen fields of a row.
std::vector<RowColumn> execution_columns() {
  auto id = text_column("EXECUTION", "execution_id");
  auto started = time_column("STARTED", "timestamp");
  auto status = text_column("STATUS", "status");
  status.cell = [](const json::object& row) {
    const auto text = text_at(row, "status");
    return Cell{text, status_style(text)};
  };
  auto duration = text_column("DURATION", "duration_ms");
  duration.shape.right = true;
  duration.cell = [](const json::object& row) {
    return Cell{format_duration_ms(number_at(row, "duration_ms")), Style::plain};
  };
  auto credits = text_column("CREDITS", "credits_used", false, 3);
  credits.shape.right = true;
  credits.cell = [](const json::object& row) {
    return Cell{format_number(number_at(row, "credits_used"), 4), Style::plain};
  };
  auto returned = count_column("RETURNED", "total_returned", 2);
  RowColumn stages;
  stages.shape.title = "STAGES";
  stages.shape.right = true;
  stages.shape.hide_order = 1;
  stages.cell = [](const json::object& row) {
    const auto done = count_at(row, "stages_completed");
    const auto total = count_at(row, "total_stages");
    return Cell{std::to_string(done) + "/" + std::to_string(total),
                done < total ? Style::bad : Style::plain};
  };
  auto query = text_column("QUERY", "query_summary", true);
  // The two shapes name different fields in a different order.
  std::vector<RowColumn> columns;
  for (auto* column :
       {&id, &started, &status, &duration, &credits, &returned, &stages, &query}) {
    column->path.clear();
    columns.push_back(*column);
  }
  for (const char* name :
       {"execution_id", "execution_mode", "status", "timestamp", "duration_ms",
        "credits_used", "total_processed", "total_returned", "cache_hit_rate",
        "query_summary", "stages_completed", "total_stages", "collection_ids"}) {
    columns.push_back(csv_column(name));
  }
  return columns;
}

// A column for each field that was asked for, in that order.
std::vector<RowColumn> chosen_columns(const std::vector<std::string>& fields) {
  std::vector<RowColumn> columns;
  for (const auto& field : fields) {
    columns.push_back(text_column(title_of(field), field, field != "execution_id"));
  }
  return columns;
}

Outcome<Exit> list(Context& context, const Arguments& arguments) {
  PagedList list;
  list.target = path({"v1", "retrievers", "executions", "list"});
  TRAWL_ASSIGN(list.body, arguments.filter());
  if (!arguments.sort.empty()) list.body["sort"] = arguments.sort;
  if (!arguments.fields.empty()) {
    json::array fields;
    for (const auto& field : arguments.fields) fields.emplace_back(field);
    list.body["fields"] = std::move(fields);
  }
  list.limit = arguments.limit;
  list.all = arguments.all;
  list.offset = arguments.offset;
  list.cursor = arguments.cursor;
  list.nothing = "no executions";
  return write_list(
      context, list,
      arguments.fields.empty() ? execution_columns() : chosen_columns(arguments.fields));
}

}  // namespace

void add_executions_list(CLI::App& executions, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* command = executions.add_subcommand("list", "List or search executions");
  arguments->filter = add_filter_flags(*command);
  command
      ->add_option("--sort", arguments->sort,
                   "timestamp, duration_ms, credits_used or total_returned; greatest "
                   "first, or with + before it least first [timestamp]")
      ->type_name("FIELD");
  command
      ->add_option("--fields", arguments->fields,
                   "Only these, separated by commas: status,error,labels")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("FIELDS");
  auto* limit =
      command->add_option("--limit", arguments->limit, "Rows in total [20]")
          ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40).description(""))
          ->type_name("N");
  command->add_flag("--all", arguments->all, "Every row, page by page")->excludes(limit);
  auto* offset =
      command->add_option("--offset", arguments->offset, "Rows to pass over first")
          ->check(CLI::Range(std::int64_t{0}, std::int64_t{10'000}).description(""))
          ->type_name("N");
  command
      ->add_option("--cursor", arguments->cursor, "Go on where a list ended (next_cursor)")
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
