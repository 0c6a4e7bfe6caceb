#pragma once

#include "api/services.h"
#include "base/json.h"

namespace trawl::api {

// POST /v1/vacuum: removes now what is removed once an hour.
void add_vacuum_routes(http::Router& router, const Services& services);

// What a collection keeps of older versions, as replies show it.
json::object kept_versions_json(const KeptVersions& kept);

}  // namespace trawl::api
