#include "http/message/cors.h"

#include <algorithm>

#include "base/text.h"
#include "http/message/head.h"
#include "http/message/header_list.h"

namespace trawl::http {
namespace {

constexpr std::size_t kOriginBytesMax = 512;

bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

bool is_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
    return !text.empty() &&
           text.find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
  }
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

bool is_default_port(std::string_view scheme, std::int64_t port) {
  return (scheme == "http" && port == 80) || (scheme == "https" && port == 443);
}

}  // namespace

std::optional<std::string> parse_origin(std::string_view text) {
  if (text.size() > kOriginBytesMax) return std::nullopt;
  const std::string origin = to_lower_ascii(trim(text));
  const auto separator = origin.find("://");
  if (separator == std::string::npos) return std::nullopt;
  const std::string_view scheme(origin.data(), separator);
  std::string_view host = std::string_view(origin).substr(separator + 3);
  std::string port;
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const std::string_view digits = host.substr(colon + 1);
    std::int64_t number = 0;
    if (digits.size() > 5 || !parse_integer(digits, number) || number < 1 ||
        number > 65535) {
      return std::nullopt;
    }
    if (!is_default_port(scheme, number)) port = ":" + std::to_string(number);
    host = host.substr(0, colon);
  }
  if (!is_scheme(scheme) || !is_host(host)) return std::nullopt;
  return std::string(scheme) + "://" + std::string(host) + port;
}

CorsPolicy::CorsPolicy(std::vector<std::string> origins)
    : origins_(std::move(origins)),
      is_on_(!origins_.empty()),
      allows_all_(std::find(origins_.begin(), origins_.end(), "*") != origins_.end()) {}

std::string_view CorsPolicy::allowed(std::string_view origin) const {
  if (!is_on_) return {};
  // The same on every reply, so a cache may give it to any page.
  if (allows_all_) return "*";
  if (origin.empty()) return {};
  const auto parsed = parse_origin(origin);
  const bool known =
      parsed && std::find(origins_.begin(), origins_.end(), *parsed) != origins_.end();
  return known ? trim(origin) : std::string_view();
}

std::string allowed_headers(std::string_view requested) {
  std::string out;
  while (!requested.empty()) {
    const std::string_view name = take_element(requested);
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_character))
      continue;
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

}  // namespace trawl::http
