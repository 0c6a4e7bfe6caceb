#pragma once

#include "base/json.h"
#include "cli/context.h"

namespace trawl::cli {

// Where a list has no rows, or before a wait for some: tells on standard error of
// conditions in its body that look mistaken, such as a stage that the server does not have.
void explain_nothing(Context& context, const json::object& body);

}  // namespace trawl::cli
