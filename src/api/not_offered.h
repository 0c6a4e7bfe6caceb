#pragma once

#include <string_view>

#include "api/services.h"

namespace trawl::api {

// The parts of the hosted product's API that this server knows of and does not have: saved
// retrievers, buckets, taxonomies and so on. Each is answered with NotEnabledError and what
// to do instead, where an unknown path would leave people guessing. Call it last: what is
// served must be added before.
void add_not_offered_routes(http::Router& router, const Services& services);

// Whether a route of the router is one of these, which no description of the API lists.
bool is_not_offered(std::string_view method, std::string_view pattern);

}  // namespace trawl::api
