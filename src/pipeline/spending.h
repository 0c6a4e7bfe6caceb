#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/amount_sum.h"
#include "base/mutex.h"

namespace trawl {

// Millionths of a credit.
using MicroCredits = std::int64_t;

inline MicroCredits to_micro_credits(double credits) {
  constexpr auto kMost = std::numeric_limits<MicroCredits>::max();
  if (!(credits < static_cast<double>(kMost) / AmountSum::kUnitsPerOne)) return kMost;
  return AmountSum::to_units(std::max(credits, 0.0));
}

// What a run has spent, against what it may. What is done is paid for before: reserve()
// takes what it will cost at most, and settle() gives back what it did not. Thread-safe.
class Spending {
 public:
  explicit Spending(std::optional<MicroCredits> limit) : limit_(limit) {}

  // False, and nothing is taken, where less is left than that.
  [[nodiscard]] bool reserve(MicroCredits amount) {
    const MutexLock lock(mutex_);
    if (limit_ && amount > *limit_ - used_) return false;
    used_ += amount;
    return true;
  }
  // Of what was reserved, so much was used. It may be more, where a cost is known only
  // afterwards; then less than nothing is left.
  void settle(MicroCredits reserved, MicroCredits used) {
    const MutexLock lock(mutex_);
    used_ += used - reserved;
  }

  MicroCredits used() const {
    const MutexLock lock(mutex_);
    return used_;
  }
  // Not below zero; nothing where there is no limit.
  std::optional<MicroCredits> left() const {
    const MutexLock lock(mutex_);
    if (!limit_) return std::nullopt;
    return std::max<MicroCredits>(0, *limit_ - used_);
  }

 private:
  const std::optional<MicroCredits> limit_;
  mutable Mutex mutex_;
  MicroCredits used_ TRAWL_GUARDED_BY(mutex_) = 0;
};

}  // namespace trawl
