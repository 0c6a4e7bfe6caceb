#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/row_writer.h"

namespace CLI {
class App;
}

namespace trawl::cli {

// Which executions a command is about, as given; empty where they were not.
struct ExecutionFlags {
  std::string since;
  std::string until;
  std::string status;
};

// Adds the flags to a command. `flags` must outlive it.
void add_execution_flags(CLI::App& command, ExecutionFlags& flags);
// The body of POST /v1/retrievers/executions/list.
json::object list_body(const ExecutionFlags& flags);

// The table shows what helps to find an execution; the CSV all thirteen fields of a row.
std::vector<RowColumn> execution_columns();

}  // namespace trawl::cli
