#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message/message.h"

namespace trawl::api {

// Reads the values of a query, whose names were checked before (request_shape.h). A
// parameter that is empty counts as not sent. The request must outlive it.
class QueryReader {
 public:
  explicit QueryReader(const http::Request& request) : request_(request) {}

  // Points into the request.
  std::optional<std::string_view> text(std::string_view name) const;
  // The others:
  //   invalid  not one of the values that the message names
  Result<bool> boolean(std::string_view name, bool otherwise) const;
  Result<std::optional<std::uint64_t>> count(std::string_view name, std::int64_t min,
                                             std::int64_t max) const;
  // The first choice where it was not sent; points into `choices`.
  Result<std::string_view> choice(std::string_view name,
                                  std::span<const std::string_view> choices) const;

 private:
  const http::Request& request_;
};

}  // namespace trawl::api
