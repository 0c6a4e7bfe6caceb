#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/http.h"

namespace trawl::api {

// Reads the query of a request strictly: a misspelt parameter is refused, as a misspelt
// filter is. A parameter that is empty counts as not sent. The request must outlive it.
class QueryReader {
 public:
  explicit QueryReader(const http::Request& request) : request_(request) {}

  // Refuses parameters other than these and `namespace`.
  //   invalid  with the nearest known name
  Result<void> expect(std::span<const std::string_view> names) const;

  std::optional<std::string_view> text(std::string_view name) const;
  // The others:
  //   invalid  not one of the values that the message names
  Result<bool> boolean(std::string_view name, bool otherwise) const;
  Result<std::optional<std::uint64_t>> count(std::string_view name, std::int64_t min,
                                             std::int64_t max) const;
  Result<std::string_view> choice(std::string_view name,
                                  std::span<const std::string_view> choices) const;

 private:
  const http::Request& request_;
};

}  // namespace trawl::api
