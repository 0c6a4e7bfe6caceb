#pragma once

#include "api/execution_list_body.h"
#include "api/paging.h"
#include "api/services.h"

namespace trawl::api {

void add_execution_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
