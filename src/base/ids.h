#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/strong_id.h"

namespace trawl {

// prefix + 26 characters of Crockford base 32: 48 bits of milliseconds, 80 bits of
// randomness that grows by one within a millisecond (the ULID layout). Text order is
// time order, and within a process every id is greater than the one before, even when the
// clock steps back. Thread-safe.
std::string make_sortable_id(std::string_view prefix, TimeUs now);

// prefix + `length` random lower-case letters and digits. Thread-safe.
std::string make_random_id(std::string_view prefix, std::size_t length);

// The sixteen bytes in an id that make_sortable_id could have made; false for other text.
bool decode_sortable_id(std::string_view prefix, std::string_view id, std::string& bytes);
// The id of sixteen bytes.
std::string encode_sortable_id(std::string_view prefix, std::string_view bytes);

inline constexpr std::string_view kExecutionIdPrefix = "exec_";
ExecutionId make_execution_id(TimeUs now);

}  // namespace trawl
