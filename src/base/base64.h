#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trawl {

// Base64 as RFC 4648 has it in section 4, with padding. (base/hash.h has the alphabet of
// URLs.)
std::string base64(std::string_view bytes);
// Also without padding, as some send it; nothing where another character stands in it, or
// what is left over at the end is not zero.
std::optional<std::string> base64_bytes(std::string_view text);

}  // namespace trawl
