#pragma once

#include <memory>
#include <string_view>

#include "api/executions/export_request.h"
#include "api/keys/key_watch.h"
#include "api/services.h"
#include "base/json.h"
#include "http/message/message.h"

namespace trawl::api {

// The last line of an NDJSON export is {"_trailer": {…}}: not an execution, but the proof
// that the others are all there. Imports pass over it.
inline constexpr std::string_view kTrailerKey = "_trailer";
bool is_export_trailer(const json::object& line);

// The file that was asked for, made while it is sent, as `asked` takes it. It breaks off
// when the key may no longer read. The services must outlive the reply.
http::Response export_response(const Services& services,
                               std::shared_ptr<const ExportRequest> request,
                               const http::Request& asked, std::shared_ptr<KeyWatch> key);

void add_export_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
