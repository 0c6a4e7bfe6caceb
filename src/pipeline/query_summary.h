#pragma once

#include <optional>
#include <string>

#include "pipeline/pipeline_run.h"

namespace trawl {

// What the list shows of a query: the input named query, else the first text input, else
// the inputs as compact JSON, else the text of the first search; at most 200 characters.
std::optional<std::string> summarize_query(const BoundPipeline& bound);

}  // namespace trawl
