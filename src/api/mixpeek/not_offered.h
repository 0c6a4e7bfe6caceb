#pragma once

#include "api/services.h"

namespace trawl::api {

// The parts of the hosted product's API that this server knows of and does not have: saved
// retrievers, buckets, taxonomies and so on. Each is answered with NotEnabledError and what
// to do instead, where an unknown path would leave people guessing.
void add_not_offered_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
