#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trawl::http {

// "https://App.example.com:443" in its one form: lower case, and without the port that http
// and https have anyway. Nothing for what is not an origin: a path behind it, no host,
// "null".
std::optional<std::string> parse_origin(std::string_view text);

// Which web pages of other hosts may read replies (the CORS protocol of the Fetch
// standard). Clients prove who they are by a header that the page itself sets, so cookies
// and the like ("credentials") are never allowed. Thread-safe.
class CorsPolicy {
 public:
  // Origins as parse_origin() writes them; "*" stands for all; none turns it off.
  explicit CorsPolicy(std::vector<std::string> origins);

  bool is_on() const { return is_on_; }
  // Whether replies differ by Origin, which caches have to be told.
  bool varies() const { return is_on_ && !allows_all_; }
  // The value of Access-Control-Allow-Origin for this Origin header (empty: none was sent);
  // empty when the page may not read the reply. It may point into `origin`.
  std::string_view allowed(std::string_view origin) const;

 private:
  const std::vector<std::string> origins_;
  const bool is_on_;
  const bool allows_all_;
};

// The value of Access-Control-Allow-Headers for what a preflight asks for: the same names,
// without what is none. Any header may be sent by a page that may call at all.
std::string allowed_headers(std::string_view requested);

// What pages may read beyond the few headers that browsers always show.
inline constexpr std::string_view kExposedHeaders =
    "Content-Disposition, ETag, Retry-After, Server-Timing, X-Execution-Id, "
    "X-Execution-Mode, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    "X-RateLimit-Window, X-Request-Id, X-Trawl-Cursor, Deprecation, Sunset, Link";

}  // namespace trawl::http
