#pragma once

#include <string>

#include "api/executions/execution_list_body.h"
#include "api/services.h"
#include "api/wire/endpoint.h"
#include "api/wire/paging.h"

namespace trawl::api {

// The record that a path with {execution_id} means, as find_json() writes it.
//   not_found  the namespace of the call has no such execution
Result<std::string> find_detail(const Services& services, const Call& call);

void add_execution_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
