#pragma once

#include <string>
#include <string_view>

namespace trawl {

// The name of a member as a JSON pointer has it (RFC 6901): ~ is ~0 there, and / is ~1.
inline std::string pointer_token(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace trawl
