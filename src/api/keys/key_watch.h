#pragma once

#include <string>
#include <string_view>

#include "api/services.h"

namespace trawl::api {

// The secret in "Authorization: Bearer sk_…"; points into the request.
//   unauthorized  the header is missing or has another form
Result<std::string_view> bearer_secret(const http::Request& request);

// Whether the key of a request may still do what it was admitted for. A request that lasts
// for minutes, such as a tail, an export or an import, asks now and then, and ends when its
// key was revoked, has expired or lost the permission meanwhile. Not thread-safe.
class KeyWatch {
 public:
  KeyWatch(const Services& services, const http::Request& request, Permission permission);
  // Of a key that is known otherwise.
  KeyWatch(const Services& services, std::string secret, Permission permission);

  // Cheap where it was called within the last second, or within the tail's heartbeat where
  // that is shorter; then it says what it said before.
  //   unauthorized, forbidden  as a new request with this key would be answered
  Result<void> check();

 private:
  Result<void> look() const;

  const Services& services_;
  const std::string secret_;
  const Permission permission_;
  std::int64_t next_look_us_ = 0;  // On the monotonic clock.
  Result<void> last_;
};

// Whether the key may do this at all.
//   forbidden  the message says how to make one that may
Result<void> must_allow(const ApiKey& key, Permission permission);

}  // namespace trawl::api
