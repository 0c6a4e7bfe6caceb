#pragma once

#include "http/message/message.h"

namespace trawl::api {

// What the server says of itself: /, /docs, /llms.txt and /openapi.json. To be called when
// every other route is there, since it describes them. Throws as openapi_document().
void add_docs_routes(http::Router& router);

}  // namespace trawl::api
