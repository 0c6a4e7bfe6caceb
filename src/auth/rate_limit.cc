#include "auth/rate_limit.h"

#include <algorithm>

namespace trawl {
namespace {

constexpr std::int64_t kNanosPerMinute = 60'000'000'000;
constexpr std::int64_t kNanosPerMicro = 1'000;

std::int64_t micros_up(std::int64_t nanos) {
  return (nanos + kNanosPerMicro - 1) / kNanosPerMicro;
}

}  // namespace

TokenBucket::TokenBucket(RateLimit limit)
    : limit_(limit),
      interval_ns_(kNanosPerMinute / std::max<std::int64_t>(1, limit.requests_per_minute)),
      capacity_ns_(interval_ns_ * limit.burst_or_default()) {}

TokenBucket::Taken TokenBucket::take(std::int64_t now_us) {
  const std::int64_t now = now_us * kNanosPerMicro;
  std::int64_t full_at = full_at_ns_.load(std::memory_order_relaxed);
  while (true) {
    // Each token that is missing moves the instant one interval further away.
    const std::int64_t missing = std::max<std::int64_t>(full_at - now, 0);
    const std::int64_t missing_then = missing + interval_ns_;
    if (missing_then > capacity_ns_) {
      return {false, 0, micros_up(missing), micros_up(missing_then - capacity_ns_)};
    }
    if (full_at_ns_.compare_exchange_weak(full_at, now + missing_then,
                                          std::memory_order_relaxed)) {
      const auto remaining =
          static_cast<std::uint32_t>((capacity_ns_ - missing_then) / interval_ns_);
      return {true, remaining, micros_up(missing_then), 0};
    }
  }
}

}  // namespace trawl
