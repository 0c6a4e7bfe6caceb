#include "cli/client/url.h"

#include <fmt/format.h>

namespace trawl::cli {
namespace {

bool is_unreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         c == '-' || c == '.' || c == '_' || c == '~';
}

bool remove_suffix(std::string_view& text, std::string_view suffix) {
  if (text.size() < suffix.size() || text.substr(text.size() - suffix.size()) != suffix)
    return false;
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  // "." and ".." as whole segments would be resolved away on the way to the server.
  const bool only_dots = text == "." || text == "..";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(byte) && !only_dots) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

std::string path(const std::vector<std::string_view>& segments) {
  std::string out;
  for (const auto segment : segments) {
    out.push_back('/');
    out += percent_encode(segment);
  }
  return out;
}

std::string with_query(std::string path, const Query& query) {
  char separator = '?';
  for (const auto& [name, value] : query) {
    path.push_back(separator);
    path += percent_encode(name);
    path.push_back('=');
    path += percent_encode(value);
    separator = '&';
  }
  return path;
}

Outcome<std::string> normalise_base_url(std::string_view text) {
  const std::string_view given = text;
  std::string scheme = "http://";
  if (const auto at = text.find("://"); at != std::string_view::npos) {
    scheme.clear();
    for (const char c : text.substr(0, at + 3))
      scheme.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    text.remove_prefix(at + 3);
    if (scheme != "http://" && scheme != "https://")
      return usage_failure(fmt::format("the URL '{}' is neither http nor https", given));
  }
  while (remove_suffix(text, "/")) {
  }
  if (remove_suffix(text, "/v1")) {
    while (remove_suffix(text, "/")) {
    }
  }
  if (text.empty() || text.front() == '/' || text.front() == ':')
    return usage_failure(fmt::format(
        "the URL '{}' names no host; use one like http://127.0.0.1:8080", given));
  for (const char c : text) {
    if (c == '?' || c == '#' || static_cast<unsigned char>(c) <= ' ')
      return usage_failure(
          fmt::format("the URL '{}' must not have a query, fragment or space; use one like "
                      "http://127.0.0.1:8080",
                      given));
  }
  return scheme + std::string(text);
}

bool is_loopback(std::string_view base_url) {
  if (const auto at = base_url.find("://"); at != std::string_view::npos)
    base_url.remove_prefix(at + 3);
  std::string_view host = base_url.substr(0, base_url.find('/'));
  if (const auto at = host.rfind('@'); at != std::string_view::npos)
    host.remove_prefix(at + 1);
  if (host.substr(0, 5) == "[::1]") return true;
  host = host.substr(0, host.find(':'));
  if (host == "localhost") return true;
  return host.substr(0, 4) == "127." &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace trawl::cli
