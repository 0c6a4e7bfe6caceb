// Limits on how many requests a key may send.
#include "api/wire/request_limit.h"
#include "base/counted.h"

#include <fmt/format.h>

#include <algorithm>

namespace trawl::api {
namespace {

constexpr int kWindowSeconds = 60;  // What requests_per_minute counts in.

std::int64_t seconds_up(std::int64_t micros) {
  return (micros + kMicrosPerSecond - 1) / kMicrosPerSecond;
}

std::vector<http::Header> limit_headers(const RateLimit& limit,
                                        const TokenBucket::Taken& taken, TimeUs now) {
  return {{"X-RateLimit-Limit", std::to_string(limit.requests_per_minute)},
          {"X-RateLimit-Remaining", std::to_string(taken.remaining)},
          {"X-RateLimit-Reset", std::to_string(seconds_up(now + taken.full_after_us))},
          {"X-RateLimit-Window", std::to_string(kWindowSeconds)}};
}

Error too_many(const RateLimit& limit, std::int64_t wait_s) {
  Error error = make_error(
      ErrorCode::too_many_requests,
      fmt::format("this key may send {} a minute, and {} at once; try again in {} s",
                  counted(static_cast<std::uint64_t>(limit.requests_per_minute), "request"),
                  limit.burst_or_default(), wait_s));
  // Clients look for the waiting time under either name.
  error.facts = fmt::format(
      R"({{"limit":{},"window":{},"retry_after":{},"retry_after_seconds":{},"retryable":true}})",
      limit.requests_per_minute, kWindowSeconds, wait_s, wait_s);
  return error;
}

}  // namespace

Result<void> spend_request(const Services& services, const ApiKey& key,
                           std::vector<http::Header>& reply_headers) {
  if (key.bucket == nullptr) return {};
  const RateLimit& limit = key.bucket->limit();
  const TokenBucket::Taken taken = key.bucket->take(monotonic_us());
  const std::int64_t wait_s = std::max<std::int64_t>(1, seconds_up(taken.retry_after_us));
  reply_headers = limit_headers(limit, taken, services.clock.now());
  if (!taken.allowed) reply_headers.emplace_back("Retry-After", std::to_string(wait_s));
  if (taken.allowed) return {};
  return too_many(limit, wait_s);
}

}  // namespace trawl::api
