#pragma once

#include "api/services.h"

namespace trawl::api {

// Takes one request from the limit of the key, and from then on `reply` tells the client
// how much is left (X-RateLimit-*). A key without a limit costs nothing.
//   too_many_requests  the limit is used up; the reply to that carries Retry-After
Result<void> spend_request(const Services& services, const ApiKey& key, http::Reply& reply);

}  // namespace trawl::api
