#include "providers/daily_ceiling.h"

#include <fmt/format.h>

#include <limits>

namespace trawl {

void DailyUse::begin_day() const {
  const std::int64_t day = clock_.now() / kMicrosPerDay;
  if (day == day_) return;
  day_ = day;
  today_ = {};
}

Result<void> DailyUse::begin_call() {
  const MutexLock lock(mutex_);
  begin_day();
  const auto reached = [](std::string_view what, std::uint64_t ceiling) {
    return make_error(ErrorCode::too_many_requests,
                      fmt::format("{}_per_day is {}, and so many were used today; it is "
                                  "asked again after midnight UTC",
                                  what, ceiling));
  };
  if (ceilings_.calls > 0 && today_.calls >= ceilings_.calls) {
    return reached("calls", ceilings_.calls);
  }
  if (ceilings_.tokens > 0 && today_.tokens >= ceilings_.tokens) {
    return reached("tokens", ceilings_.tokens);
  }
  ++today_.calls;
  return {};
}

void DailyUse::add_tokens(std::uint64_t tokens) {
  const MutexLock lock(mutex_);
  begin_day();
  // What others say may be anything.
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - today_.tokens;
  today_.tokens += tokens < room ? tokens : room;
}

DailyUse::Today DailyUse::today() const {
  const MutexLock lock(mutex_);
  begin_day();
  return today_;
}

}  // namespace trawl
