#pragma once

#include <cstdint>
#include <string_view>

namespace trawl::http {

// Cuts the first element off a comma-separated header value and returns it trimmed; it may
// be empty. A comma within a quoted string separates nothing, and a string that is never
// closed reaches to the end. Each call makes `rest` shorter, until it is empty.
std::string_view take_element(std::string_view& rest);

// "gzip;q=0.5" as its name, without parameters, and its weight in thousandths: 1000 where
// none is given, and 0 for one that cannot be read, since a client is best sent what it is
// sure to understand.
struct Weighted {
  std::string_view name;
  std::int16_t weight = 1000;
};
Weighted parse_weighted(std::string_view element);

}  // namespace trawl::http
