#pragma once

#include <string>

#include "http/http.h"

namespace trawl::api {

// The OpenAPI 3.1 description of exactly the routes that the router has.
std::string openapi_document(const http::Router& router);

}  // namespace trawl::api
