#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trawl::app {

// Whether a variable is one that Kubernetes or Docker gives to every container for a
// service called trawl: TRAWL_SERVICE_HOST, TRAWL_PORT, TRAWL_PORT_8080_TCP_ADDR, and those
// of a service whose name begins so, TRAWL_WEB_SERVICE_PORT.
bool is_service_variable(std::string_view name);

// Whether a value is what such a variable holds, tcp://10.0.0.1:8080, and so not the value
// of a setting.
bool is_service_address(std::string_view value);

// What to say of variables that are ignored: one text for each that looks like a mistake,
// with the nearest name of `known`, and one for all that come from services.
std::vector<std::string> ignored_variables(const std::vector<std::string>& unknown,
                                           const std::vector<std::string>& from_services,
                                           const std::vector<std::string_view>& known);

}  // namespace trawl::app
