#pragma once

#include "api/services.h"
#include "api/wire/endpoint.h"

namespace trawl::api {

// The namespace of the path parameter {namespace}. One that the key may not enter does not
// exist for it. Fails as enter_namespace().
Result<Namespace> namespace_of_path(const Services& services, const Call& call);

void add_namespace_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
