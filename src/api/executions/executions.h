#pragma once

#include "api/executions/execution_list_body.h"
#include "api/services.h"
#include "api/wire/paging.h"

namespace trawl::api {

void add_execution_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
