#pragma once

#include "api/services.h"

namespace trawl::api {

// POST /v1/retrievers/executions/{execution_id}/explain
void add_explain_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
