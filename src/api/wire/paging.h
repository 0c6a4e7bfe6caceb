#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/object_reader.h"
#include "base/result.h"
#include "http/message/message.h"

namespace trawl::api {

// The query of every list: limit, offset, cursor and include_total, with the aliases
// page_size, page or page_number, and next_cursor or after.
struct ListQuery {
  std::uint32_t limit = 20;
  std::uint32_t offset = 0;
  std::optional<std::string> cursor;
  bool include_total = false;
};

inline constexpr std::uint32_t kListLimitMax = 1000;
inline constexpr std::uint32_t kListOffsetMax = 10'000;

//   invalid  out of range, fractional, not a number, or contradictory
Result<ListQuery> parse_list_query(const http::Request& request,
                                   std::uint32_t limit_default = 20);

// What the body of a list says of its page, which counts before the query: limit or
// page_size, offset or page, and cursor. Where both stand, offset counts before page.
//   invalid  as above
Result<void> read_page_keys(ObjectReader& in, ListQuery& query);

// The union of the contract's pagination objects (E3).
struct PageFacts {
  std::string_view path;  // Of the list, for next_page and previous_page.
  std::uint64_t total = 0;
  std::uint32_t row_count = 0;
  bool has_next = false;
  bool show_total = true;
  std::optional<std::string> next_cursor;
};
std::string pagination_json(const ListQuery& query, const PageFacts& facts);

// Positions of in-memory lists as opaque cursors.
std::string offset_cursor(std::uint64_t offset);
//   invalid  not one of these
Result<std::uint64_t> parse_offset_cursor(std::string_view cursor);

}  // namespace trawl::api
