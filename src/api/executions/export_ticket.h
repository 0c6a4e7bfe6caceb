#pragma once

#include <string_view>

#include "api/services.h"
#include "http/message/message.h"

namespace trawl::api {

// The path of a request as the log may have it: as it was sent, but without the name of a
// ticket, which may still be good where the request was refused. Points into the request,
// or at a constant.
std::string_view path_for_log(const http::Request& request);

void add_export_ticket_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
