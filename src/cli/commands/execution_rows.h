#pragma once

#include <vector>

#include "cli/terminal/row_writer.h"

namespace trawl::cli {

// The table shows what helps to find an execution; the CSV all thirteen fields of a row.
std::vector<RowColumn> execution_columns();

}  // namespace trawl::cli
