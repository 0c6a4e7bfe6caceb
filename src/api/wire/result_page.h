#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "base/object_reader.h"
#include "base/result.h"

namespace trawl::api {

// Which of an execution's documents its reply carries. Ad hoc requests have no pagination
// of their own in the contract: everything that the stages produced is returned unless
// the request brings `limit`, `settings.limit` or a `pagination` object.
struct ResultPage {
  enum class Method { all, offset, cursor, scroll, keyset };
  Method method = Method::all;
  std::size_t begin = 0;
  std::size_t count = std::numeric_limits<std::size_t>::max() / 2;

  std::string pagination_json(std::size_t total) const;
};

// Reads pagination, limit (or page_size) and settings.limit. A pagination object without a
// method is told by its keys: page_size or page_number mean offset, scroll_id or scroll_ttl
// scroll, after keyset, else cursor. Whatever the method, the next page is another
// execution, and its marker a place in the result.
//   invalid  out of range, or a marker that no page gave
Result<ResultPage> parse_result_page(ObjectReader& body);

}  // namespace trawl::api
