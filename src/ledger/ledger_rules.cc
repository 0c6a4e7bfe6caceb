#include "ledger/ledger_rules.h"

#include <fmt/format.h>

#include "model/execution_json.h"

namespace trawl {

Result<void> check_writes(std::span<const LedgerWrite> writes) {
  for (const LedgerWrite& write : writes) {
    if (write.execution.namespace_id.empty()) {
      return invalid_at(
          "namespace_id",
          fmt::format("execution {} has no namespace; every execution belongs "
                      "to one",
                      write.execution.summary.execution_id.str()));
    }
    TRAWL_TRY(validate_summary(write.execution.summary));
  }
  return {};
}

Result<void> check_page(const ExecutionPageRequest& page) {
  if (page.limit < 1 || page.limit > kExecutionLimitMax) {
    return invalid_at(
        "limit", fmt::format("limit is {}; use 1 to {}", page.limit, kExecutionLimitMax));
  }
  if (page.offset > kExecutionOffsetMax) {
    return invalid_at("offset",
                      fmt::format("offset is {}; use 0 to {}, or follow the cursor",
                                  page.offset, kExecutionOffsetMax));
  }
  return {};
}

}  // namespace trawl
