#include "base/result.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace trawl {
namespace {

constexpr std::pair<ErrorCode, std::string_view> kNames[] = {
    {ErrorCode::bad_request, "bad_request"},
    {ErrorCode::unauthorized, "unauthorized"},
    {ErrorCode::forbidden, "forbidden"},
    {ErrorCode::not_enabled, "not_enabled"},
    {ErrorCode::not_found, "not_found"},
    {ErrorCode::method_not_allowed, "method_not_allowed"},
    {ErrorCode::timeout, "timeout"},
    {ErrorCode::already_exists, "already_exists"},
    {ErrorCode::gone, "gone"},
    {ErrorCode::too_large, "too_large"},
    {ErrorCode::unsupported_coding, "unsupported_coding"},
    {ErrorCode::invalid, "invalid"},
    {ErrorCode::too_many_requests, "too_many_requests"},
    {ErrorCode::headers_too_large, "headers_too_large"},
    {ErrorCode::budget_exhausted, "budget_exhausted"},
    {ErrorCode::cancelled, "cancelled"},
    {ErrorCode::storage, "storage"},
    {ErrorCode::internal, "internal"},
    {ErrorCode::unavailable, "unavailable"},
    {ErrorCode::cannot_store, "cannot_store"},
};

}  // namespace

std::string_view error_code_name(ErrorCode code) {
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames),
                                   [&](const auto& entry) { return entry.first == code; });
  return found == std::end(kNames) ? "internal" : found->second;
}

ErrorCode error_code_of(std::string_view name) {
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames),
                                   [&](const auto& entry) { return entry.second == name; });
  return found == std::end(kNames) ? ErrorCode::internal : found->first;
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.location.empty() ? error.message
                                                  : error.location + ": " + error.message);
}

}  // namespace trawl
