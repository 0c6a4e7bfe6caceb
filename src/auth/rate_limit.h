#pragma once

#include <atomic>
#include <cstdint>

namespace trawl {

inline constexpr std::uint32_t kRequestsPerMinuteMax = 1'000'000;

// How many requests a key may send.
struct RateLimit {
  std::uint32_t requests_per_minute = 0;  // 0: any number
  std::uint32_t burst = 0;  // At once, after a pause; 0: as many as in a minute.

  std::uint32_t burst_or_default() const {
    return burst == 0 ? requests_per_minute : burst;
  }
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

// A bucket of `burst` tokens that fills evenly, requests_per_minute in a minute; a request
// takes one. It is full at first. All its state is one number, the instant at which it will
// be full again, so that threads take tokens without a lock. Thread-safe.
class TokenBucket {
 public:
  // `limit` with a number of requests, at most kRequestsPerMinuteMax of both.
  explicit TokenBucket(RateLimit limit);

  struct Taken {
    bool allowed = true;
    std::uint32_t remaining = 0;      // Tokens that are left now.
    std::int64_t full_after_us = 0;   // Until the bucket is full again.
    std::int64_t retry_after_us = 0;  // Until there is a token; 0 where one was taken.
  };
  // `now_us`, 0 or more, of a clock that does not go back, such as monotonic_us().
  Taken take(std::int64_t now_us);
  const RateLimit& limit() const { return limit_; }

 private:
  const RateLimit limit_;
  const std::int64_t interval_ns_;  // Between two tokens.
  const std::int64_t capacity_ns_;  // All tokens.
  std::atomic<std::int64_t> full_at_ns_{0};
};

}  // namespace trawl
