#include "http/message/head.h"
#include "http/message/message.h"

namespace trawl::http {

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

const std::string& Request::path_parameter(std::string_view name) const {
  // A name that the pattern lacks is a defect of the caller; an empty value is looked up
  // and not found, which is better than a crash.
  static const std::string kNone;
  for (const auto& [key, value] : path_parameters) {
    if (key == name) return value;
  }
  return kNone;
}

}  // namespace trawl::http
