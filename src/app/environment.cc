#include "app/environment.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace trawl::app {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_protocol(std::string_view text) {
  return text == "TCP" || text == "UDP" || text == "SCTP";
}

// "8080_TCP", "8080_TCP_ADDR"
bool is_port_part(std::string_view text) {
  const auto first = text.find('_');
  if (first == std::string_view::npos || !is_number(text.substr(0, first))) return false;
  text.remove_prefix(first + 1);
  const auto second = text.find('_');
  if (!is_protocol(text.substr(0, second))) return false;
  if (second == std::string_view::npos) return true;
  const std::string_view last = text.substr(second + 1);
  return last == "PROTO" || last == "PORT" || last == "ADDR";
}

}  // namespace

bool is_service_variable(std::string_view name) {
  if (!name.starts_with("TRAWL_")) return false;
  // Behind the service's name, wherever that ends.
  for (auto at = name.find('_'); at != std::string_view::npos;
       at = name.find('_', at + 1)) {
    const std::string_view rest = name.substr(at + 1);
    if (rest == "SERVICE_HOST" || rest == "SERVICE_PORT" || rest == "PORT" ||
        rest.starts_with("SERVICE_PORT_")) {
      return true;
    }
    if (rest.starts_with("PORT_") && is_port_part(rest.substr(5))) return true;
  }
  return false;
}

bool is_service_address(std::string_view value) {
  return value.starts_with("tcp://") || value.starts_with("udp://") ||
         value.starts_with("sctp://");
}

std::vector<std::string> ignored_variables(const std::vector<std::string>& unknown,
                                           const std::vector<std::string>& from_services,
                                           const std::vector<std::string_view>& known) {
  std::vector<std::string> out;
  for (const std::string& name : unknown) {
    out.push_back(
        fmt::format("unknown environment variable {}{}; it is ignored "
                    "(docs/configuration.md lists the settings)",
                    name, did_you_mean(name, known)));
  }
  if (!from_services.empty()) {
    out.push_back(fmt::format(
        "ignored {} environment {} that {} a service called trawl ({}); set "
        "enableServiceLinks: false in the pod to remove {}",
        from_services.size(), from_services.size() == 1 ? "variable" : "variables",
        from_services.size() == 1 ? "describes" : "describe",
        fmt::join(from_services, ", "), from_services.size() == 1 ? "it" : "them"));
  }
  return out;
}

}  // namespace trawl::app
