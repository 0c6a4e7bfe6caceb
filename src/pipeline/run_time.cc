#include "pipeline/run_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/clock.h"
#include "ledger/record/runner_message.h"

namespace trawl {

Result<void> RunTime::check(std::int64_t used_us) const {
  if (bound_.begun_us > 0) used_us += started_us_ - bound_.begun_us;
  const double used_ms = static_cast<double>(used_us) / 1000.0;
  const auto& limit = bound_.pipeline.budget.max_time_ms;
  if (limit && used_us >= *limit * 1000) {
    return make_error(ErrorCode::budget_exhausted,
                      fmt::format("{}: {:.1f} ms of {} ms were used; {}",
                                  runner_message::kBudgetExhausted, used_ms, *limit,
                                  *limit > 0 ? "raise budget_limits.max_time_ms"
                                             : "a budget_limits.max_time_ms of 0 is no "
                                               "time at all; for no limit leave it out"));
  }
  const std::int64_t ceiling = options_.time_ms_max;
  if (ceiling > 0 && used_us >= ceiling * 1000) {
    return make_error(
        ErrorCode::budget_exhausted,
        fmt::format("{}: {:.1f} ms were used, and this server gives a run {} ms "
                    "(limits.request_ms_max); search fewer documents, or filter them "
                    "first",
                    runner_message::kBudgetExhausted, used_ms, ceiling));
  }
  return {};
}

Deadline RunTime::deadline() const {
  const std::int64_t begun_us = bound_.begun_us > 0 ? bound_.begun_us : started_us_;
  std::int64_t left_us = std::numeric_limits<std::int64_t>::max();
  const auto limit_to = [&](std::int64_t limit_ms) {
    left_us = std::min(left_us, limit_ms * 1000 - (monotonic_us() - begun_us));
  };
  if (const auto& limit = bound_.pipeline.budget.max_time_ms) limit_to(*limit);
  if (options_.time_ms_max > 0) limit_to(options_.time_ms_max);
  return Deadline::after(std::chrono::microseconds(left_us));
}

}  // namespace trawl
