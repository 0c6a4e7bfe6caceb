#pragma once

#include "api/services.h"

namespace trawl::api {

void add_recording_preview_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
