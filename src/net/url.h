#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace trawl::net {

// Where something answers over HTTP: the address below which its paths lie.
struct Url {
  bool is_tls = false;
  std::string host;  // Lower case; of IPv6 without brackets.
  int port = 0;      // 1 to 65535; the scheme's own where none is written.
  std::string path;  // Begins with a slash, or is empty; never ends with one.

  // "https://api.example.com", with the port where it is not the scheme's own.
  std::string origin() const;
  // The address of a path below this one, such as "/embeddings".
  std::string with(std::string_view below) const {
    return origin() + path + std::string(below);
  }

  bool operator==(const Url&) const = default;
};

// "https://api.example.com/v1", as the configuration has it. Messages do not repeat what
// stands before an @, since that may be a password.
//   invalid  not http or https, without a host, with a user, query, fragment, or characters
//            that a URL has only in a coded form
Result<Url> parse_url(std::string_view text);

}  // namespace trawl::net
