#pragma once

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

}  // namespace trawl::cli
