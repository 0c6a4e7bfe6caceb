#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace trawl {

struct DailyCeilings {
  std::uint64_t calls = 0;  // Of a day in UTC; 0: as many as there are.
  std::uint64_t tokens = 0;
};

// What was asked of a provider today, and whether more may be. Kept in memory: a restart
// begins the day anew. Thread-safe.
class DailyUse {
 public:
  // The clock must outlive it.
  DailyUse(DailyCeilings ceilings, const Clock& clock)
      : ceilings_(ceilings), clock_(clock) {}

  // Counts a call that is about to be made.
  //   too_many_requests  one of the ceilings is reached; the message names the setting
  Result<void> begin_call();
  // Counts what a call turned out to have read. The one with which the ceiling is passed
  // has been made by then.
  void add_tokens(std::uint64_t tokens);

  struct Today {
    std::uint64_t calls = 0;
    std::uint64_t tokens = 0;
  };
  Today today() const;

 private:
  void begin_day() const TRAWL_REQUIRES(mutex_);

  const DailyCeilings ceilings_;
  const Clock& clock_;
  mutable Mutex mutex_;
  mutable std::int64_t day_ TRAWL_GUARDED_BY(mutex_) = 0;
  mutable Today today_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl
