#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace trawl::net {

// How often what failed is tried again, and how long one waits before.
struct RetryPolicy {
  std::uint32_t retries_max = 3;
  std::chrono::milliseconds first_wait{250};  // The longest before the first retry, which
  std::chrono::milliseconds wait_max{8'000};  // doubles with each, up to this.
};

// The wait before a retry, of which `retries` were before: anything between nothing and the
// longest, by `chance` in [0, 1), so that those who failed together do not come back
// together ("full jitter", M. Brooker, Exponential Backoff and Jitter, 2015). Never shorter
// than what the server asked for.
std::chrono::milliseconds retry_wait(const RetryPolicy& policy, std::uint32_t retries,
                                     double chance,
                                     std::optional<std::chrono::milliseconds> asked_for);

// The header Retry-After: seconds, or a date, from `now` on; at most a day. Nothing where
// it is neither. A date that has passed is no wait.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           TimeUs now);

}  // namespace trawl::net
