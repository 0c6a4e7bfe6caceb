#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/terminal/row_writer.h"

namespace trawl::cli {

// The table shows what helps to find an execution; the CSV all recorded fields with kCsv,
// and the error.
std::vector<RowColumn> execution_columns();

// An error for a narrow column: "stages[1].config.parameters.limit is 0; …" begins with
// what matters least there; the last name of the path is what it is about.
std::string error_in_brief(std::string error);

// Inputs as the object that they are; on the wire they are its text.
void inputs_as_json(json::object& execution);

// A column for each field that was asked for, in that order.
std::vector<RowColumn> chosen_columns(const std::vector<std::string>& fields);

// --fields of what goes on by the ids that came: execution_id is always among them.
void add_fields_flag(CLI::App& command, std::vector<std::string>& fields);
std::vector<std::string> with_execution_id(std::vector<std::string> fields);

}  // namespace trawl::cli
