#pragma once

#include "api/services.h"

namespace trawl::api {

void add_whoami_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
