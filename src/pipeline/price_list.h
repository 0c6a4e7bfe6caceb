#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/amount_sum.h"

namespace trawl {

// What a stage costs, in credits: base + per_document x documents it is given, in whole
// millionths. A stage that is answered from the cache costs nothing.
struct StagePrice {
  double base = 0;
  double per_document = 0;
};

// Prices by stage id, with one for all others. Documented in docs/configuration.md.
struct PriceList {
  StagePrice fallback{0.1, 0.0001};
  std::map<std::string, StagePrice, std::less<>> by_stage{{"feature_search", {1.0, 0.0}}};

  double cost(std::string_view stage_id, std::size_t document_count) const {
    const auto found = by_stage.find(stage_id);
    const StagePrice& price = found == by_stage.end() ? fallback : found->second;
    return AmountSum::rounded(price.base +
                              price.per_document * static_cast<double>(document_count));
  }
};

}  // namespace trawl
