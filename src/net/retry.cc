#include "net/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <string>

#include "base/text.h"

namespace trawl::net {

using std::chrono::milliseconds;

milliseconds retry_wait(const RetryPolicy& policy, std::uint32_t retries, double chance,
                        std::optional<milliseconds> asked_for) {
  milliseconds longest = policy.first_wait;
  for (std::uint32_t i = 0; i < retries && longest < policy.wait_max; ++i) longest *= 2;
  longest = std::min(longest, policy.wait_max);
  const milliseconds wait(
      static_cast<std::int64_t>(static_cast<double>(longest.count()) * chance));
  // Those who were all told the same second do not come in the same millisecond either.
  return asked_for ? *asked_for + std::min(wait, policy.first_wait) : wait;
}

std::optional<milliseconds> parse_retry_after(std::string_view text, TimeUs now) {
  constexpr milliseconds kLongest = std::chrono::hours(24);
  text = trim(text);
  if (text.empty() || text.size() > 64) return std::nullopt;
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    if (!parse_integer(text, seconds) || seconds > 86'400) return kLongest;
    return milliseconds(seconds * 1'000);
  }
  const auto date =
      static_cast<std::int64_t>(curl_getdate(std::string(text).c_str(), /*now=*/nullptr));
  if (date < 0) return std::nullopt;
  const std::int64_t now_ms = now / 1'000;
  return std::clamp(milliseconds(date * 1'000 - now_ms), milliseconds(0), kLongest);
}

}  // namespace trawl::net
