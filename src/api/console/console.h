#pragma once

#include <string_view>

#include "http/message/message.h"

namespace trawl::api {

// The console as it was compiled in (packed_files.h); empty where the server was built
// without it, by the CMake option TRAWL_CONSOLE.
std::string_view console_pack();

// The page at /console and its files. An empty pack answers 404 with that reason; the pack
// has to outlast the router. Throws as PackedFiles.
void add_console_routes(http::Router& router, std::string_view pack);

}  // namespace trawl::api
