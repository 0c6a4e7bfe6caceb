#pragma once

#include <string>
#include <string_view>

#include "cli/client/url.h"
#include "cli/context.h"

namespace trawl::cli {

// The detail of the execution that a person names: by its id, the beginning of it,
// `latest`, or `latest~2` for the second before that. `raw` becomes the text of the reply.
//   refused  there is none, or several ids begin so
//   usage    latest~N with N over 10,000
// With `query`, such as {{"autopsy", "true"}}.
Outcome<json::object> find_named_execution(Context& context, const std::string& name,
                                           std::string& raw, const Query& query = {});

// Has the form of a whole id that this server gave: nothing that has to be looked up.
bool is_whole_execution_id(std::string_view name);

// The same as find_named_execution, with the id alone.
Outcome<std::string> find_execution_id(Context& context, const std::string& name);

}  // namespace trawl::cli
