#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/message/message.h"

namespace trawl::api {

// Serves a list that fits in memory (namespaces, collections, keys): the body's filters,
// search, sort and case_sensitive, then the query's paging. Returns {results, pagination,
// total_count}, 100 rows unless the request says otherwise. `search` looks for a substring
// in `searched` fields.
//   invalid  in the location filters, sort or query
Result<json::object> list_objects(const http::Request& request, const json::object& body,
                                  std::vector<json::object> rows,
                                  std::span<const std::string_view> searched);

}  // namespace trawl::api
