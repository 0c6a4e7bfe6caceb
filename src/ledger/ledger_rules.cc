#include "ledger/ledger_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

std::int64_t duration_us(const ExecutionSummary& summary) {
  constexpr double kMillisMax = 9e12;
  const double millis = std::isfinite(summary.duration_ms) ? summary.duration_ms : 0;
  return std::llround(std::clamp(millis, 0.0, kMillisMax) * 1000.0);
}

ExecutionKey execution_key(const ExecutionSummary& summary, ExecutionSort sort) {
  ExecutionKey key{summary.timestamp, summary.execution_id};
  switch (sort) {
    case ExecutionSort::timestamp:
      break;
    case ExecutionSort::duration_ms:
      key.value = static_cast<double>(duration_us(summary));
      break;
    case ExecutionSort::credits_used:
      key.value = std::isfinite(summary.credits_used) ? summary.credits_used : 0;
      break;
    case ExecutionSort::total_returned:
      key.value = static_cast<double>(summary.total_returned);
      break;
  }
  return key;
}

}  // namespace trawl
