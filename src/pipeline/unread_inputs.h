#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "pipeline/pipeline.h"

namespace trawl {

// What is said of inputs, as they were sent, that no template of the pipeline reads and its
// schema does not declare: most likely a misspelt name. Clients may send the same inputs to
// all their pipelines, so this is never an error.
std::vector<std::string> unread_input_warnings(const Pipeline& pipeline,
                                               const json::object& inputs);

}  // namespace trawl
