#include "cli/commands/execution_rows.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "cli/context.h"
#include "cli/terminal/format.h"
#include "model/recorded_fields.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kErrorWidthMin = 30;
constexpr std::size_t kQueryWidthMin = 14;

}  // namespace

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
  auto credits = text_column("CREDITS", "credits_used", false, 4);
  credits.shape.right = true;
  credits.cell = [](const json::object& row) {
    return Cell{format_number(number_at(row, "credits_used"), 4), Style::plain};
  };
  auto returned = count_column("RETURNED", "total_returned", 3);
  RowColumn stages;
  stages.shape.title = "STAGES";
  stages.shape.right = true;
  stages.shape.hide_order = 2;
  stages.cell = [](const json::object& row) {
    const auto done = count_at(row, "stages_completed");
    const auto total = count_at(row, "total_stages");
    return Cell{std::to_string(done) + "/" + std::to_string(total),
                done < total ? Style::bad : Style::plain};
  };
  auto error = text_column("ERROR", "error", true, 1);
  error.needed_by = "error";
  error.below_if_hidden = true;
  error.shape.min_width = kErrorWidthMin;
  error.cell = [](const json::object& row) {
    return Cell{error_in_brief(text_at(row, "error")), Style::bad};
  };
  auto query = text_column("QUERY", "query_summary", true);
  query.shape.min_width = kQueryWidthMin;
  // The two shapes name different fields in a different order.
  std::vector<RowColumn> columns;
  for (auto* column :
       {&id, &started, &status, &duration, &credits, &returned, &stages, &error, &query}) {
    column->path.clear();
    columns.push_back(*column);
  }
  bool has_error = false;
  for (const std::string_view name : csv_field_names()) {
    columns.push_back(csv_column(std::string(name)));
    has_error = has_error || name == "error";
  }
  if (!has_error) columns.push_back(csv_column("error"));
  return columns;
}

std::string error_in_brief(std::string error) {
  if (!error.starts_with("stages[")) return error;
  const std::string_view path = std::string_view(error).substr(0, error.find(' '));
  for (const std::string_view head : {".parameters.", ".config.", "]."}) {
    const auto at = path.find(head);
    if (at == std::string_view::npos || at + head.size() == path.size()) continue;
    return error.substr(at + head.size());
  }
  return error;
}

void inputs_as_json(json::object& execution) {
  auto* inputs = execution.if_contains("inputs");
  if (inputs == nullptr || !inputs->is_string()) return;
  if (auto parsed = parse_json(view(inputs->get_string()))) *inputs = std::move(*parsed);
}

std::vector<RowColumn> chosen_columns(const std::vector<std::string>& fields) {
  std::vector<RowColumn> columns;
  for (const auto& field : fields) {
    columns.push_back(text_column(title_of(field), field, field != "execution_id"));
  }
  return columns;
}

void add_fields_flag(CLI::App& command, std::vector<std::string>& fields) {
  command
      .add_option("--fields", fields,
                  "Only execution_id and these fields, separated by commas: status,error")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("FIELDS");
}

std::vector<std::string> with_execution_id(std::vector<std::string> fields) {
  constexpr const char* kId = "execution_id";
  if (std::find(fields.begin(), fields.end(), kId) == fields.end()) {
    fields.insert(fields.begin(), kId);
  }
  return fields;
}

}  // namespace trawl::cli
