#pragma once

#include "pipeline/stage_registry.h"

namespace trawl {

// Fills the registry with every stage of the contract: those that this server runs, their
// other names, and those that it knows but does not offer. Call it once, at start.
void register_stages(StageRegistry& registry);

}  // namespace trawl
