#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "insight/why.h"
#include "pipeline/pipeline_run.h"

namespace trawl {

// A document that somebody asks about, where a run looks.
struct SoughtDocument {
  std::shared_ptr<const Snapshot> snapshot;
  Document document;  // With all fields.
};

// Whether a question names this collection, by name or id, or none.
bool asks_about(const WhyQuestion& question, const Snapshot& snapshot);

// The collections of a run that have it, in their order; of these, `max` at most.
//   errors of Snapshot::get()
Result<std::vector<SoughtDocument>> find_sought(const BoundPipeline& bound,
                                                const WhyQuestion& question,
                                                std::size_t max);

}  // namespace trawl
