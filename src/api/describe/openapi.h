#pragma once

#include <span>
#include <string>

#include "api/describe/embedded.h"
#include "http/message/message.h"

namespace trawl::api {

// The OpenAPI 3.1 description of exactly the routes that the router has, joined from files
// such as those in src/api/openapi (openapi_files()):
//
//   common.json  info, servers, tags, what the others refer to, and `shared`: responses
//                and headers that are the same for many operations, said once
//   any other    {"paths": …, "components": …} of one area, in the words of OpenAPI
//
// To add an endpoint: add its path to the file of its area, with operationId, tags,
// summary, parameters, a body with an example that works in the world of
// tests/openapi/world.py, the reply to success and each error that only some operations
// have (404, 409); then its schemas. Then run
// tests/e2e/test_openapi.py, tests/e2e/test_request_shapes.py, and tests/openapi/fuzz.py
// --operation with its operationId.
//
// A schema with "x-properties-of": "Other" gets the properties of that other schema before
// its own; the description that is served holds them spelled out.
//
// What the table of recorded fields says is not repeated in the files:
// recorded_description.h puts it in where they say "x-recorded-fields".
//
// Throws std::logic_error, which names the route or the file, where a route is not
// described, a description has no route, their query parameters or the members of their
// bodies differ (request_shape.h), two files say the same, or a file is not JSON: each is a
// defect of the program, found when it starts.
std::string openapi_document(const http::Router& router,
                             std::span<const EmbeddedFile> files);

}  // namespace trawl::api
