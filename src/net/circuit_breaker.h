#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/mutex.h"

namespace trawl::net {

struct BreakerPolicy {
  std::uint32_t failures_max = 5;  // One after the other, with which it opens; at least 1.
  std::chrono::milliseconds pause{10'000};  // Until one may try whether it is over.
};

// Keeps those who ask from waiting, one after the other, for what does not answer. Closed,
// it lets all try; after so many failures in a row it opens, and nobody may. After a pause
// it lets one try: success closes it, failure begins the next pause (the pattern of M.
// Nygard, Release It!, 2007). Each try that is let begins with may_try() and ends with one
// of the other three. Thread-safe.
class CircuitBreaker {
 public:
  using Clock = std::chrono::steady_clock;

  explicit CircuitBreaker(BreakerPolicy policy) : policy_(policy) {}

  // Whether a try may begin now.
  bool may_try(Clock::time_point now) {
    const MutexLock lock(mutex_);
    if (failures_ < policy_.failures_max) return true;
    if (is_trying_ || now < open_until_) return false;
    is_trying_ = true;
    return true;
  }

  // There was an answer.
  void succeeded() {
    const MutexLock lock(mutex_);
    failures_ = 0;
    is_trying_ = false;
  }

  // There was none. True when this opened it.
  bool failed(Clock::time_point now) {
    const MutexLock lock(mutex_);
    is_trying_ = false;
    const bool was_closed = failures_ < policy_.failures_max;
    if (was_closed) ++failures_;
    if (failures_ < policy_.failures_max) return false;
    open_until_ = now + policy_.pause;
    return was_closed;
  }

  // It ended for a reason of its own, which says nothing of the other side.
  void gave_up() {
    const MutexLock lock(mutex_);
    is_trying_ = false;
  }

  // How long nobody may try from now on; zero where somebody may, or tries.
  std::chrono::milliseconds pause_left(Clock::time_point now) const {
    const MutexLock lock(mutex_);
    if (failures_ < policy_.failures_max || now >= open_until_) return {};
    return std::chrono::ceil<std::chrono::milliseconds>(open_until_ - now);
  }

 private:
  const BreakerPolicy policy_;
  mutable Mutex mutex_;
  std::uint32_t failures_ TRAWL_GUARDED_BY(mutex_) = 0;
  bool is_trying_ TRAWL_GUARDED_BY(mutex_) = false;  // The one after a pause.
  Clock::time_point open_until_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl::net
