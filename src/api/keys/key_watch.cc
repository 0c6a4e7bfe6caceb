#include "api/keys/key_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace trawl::api {
namespace {

// Empty, which is not a key's, where there is none.
std::string secret_of(const http::Request& request) {
  const auto secret = bearer_secret(request);
  return secret ? std::string(*secret) : std::string();
}

}  // namespace

Result<std::string_view> bearer_secret(const http::Request& request) {
  const auto header = request.header("Authorization");
  if (!header) {
    return make_error(
        ErrorCode::unauthorized,
        "the Authorization header is missing; send 'Authorization: Bearer sk_…'");
  }
  constexpr std::string_view kScheme = "bearer ";
  if (header->size() <= kScheme.size() ||
      to_lower_ascii(header->substr(0, kScheme.size())) != kScheme) {
    return make_error(ErrorCode::unauthorized,
                      "the Authorization header is not of the form 'Bearer sk_…'");
  }
  return trim(header->substr(kScheme.size()));
}

Result<void> must_allow(const ApiKey& key, Permission permission) {
  if (key.allows(permission)) return {};
  return make_error(ErrorCode::forbidden,
                    fmt::format("this key lacks the permission '{}'; make one with: trawl "
                                "keys create NAME --permission {}",
                                permission_name(permission), permission_name(permission)));
}

KeyWatch::KeyWatch(const Services& services, const http::Request& request,
                   Permission permission)
    : KeyWatch(services, secret_of(request), permission) {}

KeyWatch::KeyWatch(const Services& services, std::string secret, Permission permission)
    : services_(services), secret_(std::move(secret)), permission_(permission) {}

Result<void> KeyWatch::check() {
  const std::int64_t now_us = monotonic_us();
  if (now_us < next_look_us_) return last_;
  next_look_us_ =
      now_us + std::min<std::int64_t>(kMicrosPerSecond,
                                      services_.limits.tail_heartbeat_ms * 1000 / 2);
  last_ = look();
  return last_;
}

Result<void> KeyWatch::look() const {
  TRAWL_ASSIGN(const ApiKey key,
               services_.keys.authenticate(secret_, services_.clock.now()));
  return must_allow(key, permission_);
}

}  // namespace trawl::api
