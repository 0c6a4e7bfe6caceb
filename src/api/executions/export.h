#pragma once

#include <string_view>

#include "api/services.h"
#include "base/json.h"

namespace trawl::api {

// The last line of an NDJSON export is {"_trailer": {…}}: not an execution, but the proof
// that the others are all there. Imports pass over it.
inline constexpr std::string_view kTrailerKey = "_trailer";
bool is_export_trailer(const json::object& line);

void add_export_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
