#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/execution_filter.h"
#include "ledger/ledger.h"

namespace trawl {

// A cursor names the last row of a page, so the next page begins behind it. Its text
// is unpadded base64url of
//   version (1 byte, 1) · binding (8) · flags (1) · start_time (8)? · end_time (8)? ·
//   value (8)? · timestamp (8) · execution id (the rest) · CRC-32 of all before it (4)
// with big-endian numbers. The binding is a hash of the namespace and of the filter and the
// order as the client wrote them. `value` is that of the field that the list is ordered by,
// as the bits of a double. A page that was cut short may end between two executions; then
// the id is empty. The resolved instants travel along, so a relative range ("-24h")
// means the same moment on every page.
struct Cursor {
  std::optional<TimeUs> start_time;
  std::optional<TimeUs> end_time;
  ExecutionKey after;

  bool operator==(const Cursor&) const = default;
};

// `filter_text` is the client's filter in canonical form (canonical_json of the body).
std::string encode_cursor(const NamespaceId& namespace_id, std::string_view filter_text,
                          const Cursor& cursor);

//   invalid  not a cursor, damaged, of another version, or made for another namespace or
//            under another filter; the message says which
Result<Cursor> decode_cursor(const NamespaceId& namespace_id, std::string_view filter_text,
                             std::string_view text);

}  // namespace trawl
