#pragma once

#include "api/services.h"

namespace trawl::api {

// POST /v1/retrievers/executions/{execution_id}/fork
void add_fork_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
