#pragma once

#include "base/json.h"
#include "base/result.h"
#include "pipeline/pipeline.h"

namespace trawl {

// Refuses bounds that rest on an input which was not given. Templates that name what only
// the run knows are left to it.
//   invalid  with the place of the bound
Result<void> check_bounds(const PipelineStage& stage, const json::object& inputs);

}  // namespace trawl
