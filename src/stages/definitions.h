#pragma once

#include "pipeline/stage.h"

// The stages that this server offers, in the order in which it lists them: a line for each.
// The file of its name defines NAME_definition().
#define TRAWL_STAGES(STAGE) \
  STAGE(feature_search)     \
  STAGE(attribute_filter)   \
  STAGE(sort_relevance)     \
  STAGE(sort_attribute)     \
  STAGE(rerank)             \
  STAGE(limit)              \
  STAGE(sample)             \
  STAGE(deduplicate)        \
  STAGE(group_by)           \
  STAGE(aggregate)

namespace trawl {

#define TRAWL_DECLARE_STAGE(name) StageDefinition name##_definition();
TRAWL_STAGES(TRAWL_DECLARE_STAGE)
#undef TRAWL_DECLARE_STAGE

}  // namespace trawl
