#pragma once

#include "api/services.h"

namespace trawl::api {

// POST /v1/retrievers/executions/diff
void add_diff_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
