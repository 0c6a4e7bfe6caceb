#pragma once

#include "pipeline/stage.h"

namespace trawl {

// One function per stage, each in the file of its name. Texts in them last as long as the
// process.
StageDefinition aggregate_definition();
StageDefinition attribute_filter_definition();
StageDefinition deduplicate_definition();
StageDefinition feature_search_definition();
StageDefinition group_by_definition();
StageDefinition limit_definition();
StageDefinition sample_definition();
StageDefinition sort_attribute_definition();
StageDefinition sort_relevance_definition();

}  // namespace trawl
