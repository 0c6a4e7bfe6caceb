#pragma once

#include <vector>

#include "cli/terminal/row_writer.h"

namespace trawl::cli {

// The table shows what helps to find an execution; the CSV all recorded fields with kCsv.
std::vector<RowColumn> execution_columns();

}  // namespace trawl::cli
