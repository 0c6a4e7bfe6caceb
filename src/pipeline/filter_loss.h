#pragma once

#include <optional>
#include <span>

#include "pipeline/loss.h"
#include "query/filter.h"

namespace trawl {

// The loss of a document for which one of these filters does not hold, with the changes of
// the filter that let it pass; nothing where all hold. `lookup` reads the document.
std::optional<Loss> filter_loss(std::span<const Filter> filters,
                                const Filter::Lookup& lookup, const json::object& config);

}  // namespace trawl
