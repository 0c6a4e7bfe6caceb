#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time_zone.h"

namespace trawl::api {

// An instant as list filters accept it:
//   "2026-01-31T10:00:00+02:00", "2026-01-31 10:00" (UTC), "2026-01-31" (00:00 UTC)
//   1769853600 or 1769853600000  seconds or milliseconds since 1970, told apart by size
//   "-15m", "-24h", "-7d"        before `now`; units s, m, h, d, w
//   invalid  anything else, with `location`
Result<TimeUs> parse_time_value(const json::value& value, TimeUs now,
                                const std::string& location);

// TimeZone::parse() of a value of a request.
//   invalid  with `location`
Result<TimeZone> read_time_zone(std::string_view text, const std::string& location);

}  // namespace trawl::api
