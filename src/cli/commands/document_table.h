#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/host.h"
#include "cli/terminal/row_writer.h"

namespace trawl::cli {

// The columns that tell most about these documents: score, id and the first short fields;
// what repeats the id or is the same object everywhere is left out. `wanted` names the
// fields instead, as dotted paths.
std::vector<RowColumn> choose_columns(const json::array& documents,
                                      const std::vector<std::string>& wanted);

// Warns of columns that none of the documents has: most likely they are misspelt.
void tell_unknown_columns(Host& host, const json::array& documents,
                          const std::vector<std::string>& wanted);

// The values of a facet in one line: "Melville (2), Austen (1)".
std::string facet_text(const json::array& values);

}  // namespace trawl::cli
