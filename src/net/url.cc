#include "net/url.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace trawl::net {
namespace {

constexpr std::string_view kExample = "use one such as https://api.example.com/v1";

Error bad_url(std::string_view text, std::string_view why) {
  return make_error(
      ErrorCode::invalid,
      fmt::format("the URL '{}' {}; {}", truncate_text(text, 200), why, kExample));
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '.' || c == '_';
         });
}

bool is_ipv6(std::string_view host) {
  return !host.empty() && host.size() <= 45 && host.find(':') != std::string_view::npos &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
         });
}

}  // namespace

std::string Url::origin() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string out = is_tls ? "https://" : "http://";
  out += is_v6 ? fmt::format("[{}]", host) : host;
  if (port != (is_tls ? 443 : 80)) out += fmt::format(":{}", port);
  return out;
}

Result<Url> parse_url(std::string_view text) {
  if (text.find('@') != std::string_view::npos) {
    return make_error(
        ErrorCode::invalid,
        fmt::format("the URL has a user or an '@', which may give away a password; {}",
                    kExample));
  }
  const auto is_unfit = [](char c) {
    return c <= ' ' || c >= 127 ||
           std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos;
  };
  if (std::any_of(text.begin(), text.end(), is_unfit)) {
    return bad_url(text, "has a character that a URL cannot have");
  }
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return bad_url(text, "has no scheme");
  const std::string scheme = to_lower_ascii(text.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") {
    return bad_url(text, "is neither http nor https");
  }
  if (text.find_first_of("?#") != std::string_view::npos) {
    return bad_url(text, "has a query or a fragment");
  }
  Url url;
  url.is_tls = scheme == "https";
  std::string_view rest = text.substr(scheme_end + 3);
  const auto path_at = std::min(rest.find('/'), rest.size());
  url.path = rest.substr(path_at);
  while (url.path.ends_with('/')) url.path.pop_back();
  std::string_view authority = rest.substr(0, path_at);

  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return bad_url(text, "has a '[' without a ']'");
    url.host = to_lower_ascii(authority.substr(1, end - 1));
    port = authority.substr(end + 1);
    if (!is_ipv6(url.host)) return bad_url(text, "has no IPv6 address in its brackets");
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    url.host = to_lower_ascii(authority.substr(0, colon));
    port = authority.substr(colon);
    if (!is_host_name(url.host)) return bad_url(text, "names no host");
  }
  url.port = url.is_tls ? 443 : 80;
  if (!port.empty()) {
    std::int64_t number = 0;
    if (port.front() != ':' || !parse_integer(port.substr(1), number) || number < 1 ||
        number > 65535) {
      return bad_url(text, "has a port that is not 1 to 65535");
    }
    url.port = static_cast<int>(number);
  }
  return url;
}

}  // namespace trawl::net
