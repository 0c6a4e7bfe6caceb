#pragma once

#include <vector>

#include "base/json.h"
#include "cli/terminal/row_writer.h"

namespace trawl::cli {

// The table shows what helps to find an execution; the CSV all recorded fields with kCsv,
// and the error.
std::vector<RowColumn> execution_columns();

// Inputs as the object that they are; on the wire they are its text.
void inputs_as_json(json::object& execution);

}  // namespace trawl::cli
