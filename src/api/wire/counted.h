#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace trawl::api {

// "1 document was", "2 documents were", of a noun that takes an s.
inline std::string counted_were(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? " was" : "s were");
}

}  // namespace trawl::api
