#pragma once

#include "api/services.h"

namespace trawl::api {

// Takes one request from the limit of the key, and adds to `reply_headers` what tells the
// client how much is left (X-RateLimit-*). A key without a limit costs nothing.
//   too_many_requests  the limit is used up; the headers then have Retry-After, in seconds
Result<void> spend_request(const Services& services, const ApiKey& key,
                           std::vector<http::Header>& reply_headers);

}  // namespace trawl::api
