#pragma once

#include <functional>
#include <map>
#include <string>

#include "pipeline/spending.h"
#include "pipeline/stage.h"

namespace trawl {

// What stages cost. A stage that is answered from the cache costs nothing. Documented in
// docs/configuration.md.
struct PriceList {
  // Of stages that have no price of their own.
  StagePrice fallback{0.1, 0.0001};
  // By stage id, in place of their own.
  std::map<std::string, StagePrice, std::less<>> by_stage;

  MicroCredits cost(const StageDefinition& stage, std::size_t document_count) const {
    const auto found = by_stage.find(stage.stage_id);
    const StagePrice price =
        found == by_stage.end() ? stage.price.value_or(fallback) : found->second;
    return to_micro_credits(price.base +
                            price.per_document * static_cast<double>(document_count));
  }
};

}  // namespace trawl
