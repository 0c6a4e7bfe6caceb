#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message/message.h"

namespace trawl::api {

// Names that paths spell out where the name of a thing could stand: "list" is one for
// collections, since /v1/collections/list is not a collection. A thing of such a name could
// be made and never be read, so none is made; what is stored already is reached by its id,
// or in the body of a list or a batch (docs/api.md). Filled when the server starts, then
// only read: thread-safe.
class ReservedNames {
 public:
  // Learns the literal siblings of every parameter, of all routes that are offered.
  void learn(const http::Router& router);

  // `parameter` is what the routes call the name: "collection", "document".
  bool contains(std::string_view parameter, std::string_view name) const;
  //   invalid  at the location
  Result<void> check(std::string_view parameter, std::string_view name,
                     const std::string& location) const;

 private:
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> names_;
};

}  // namespace trawl::api
