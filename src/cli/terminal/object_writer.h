#pragma once

#include <string>
#include <string_view>

#include "cli/context.h"

namespace trawl::cli {

// One object in the format that was asked for: JSON as it came; a line for each member of
// it for a person, those of objects inside by their paths; or a CSV of one row.
//   refused  the text is not a JSON object
Outcome<Exit> write_object(Context& context, std::string_view raw);

}  // namespace trawl::cli
