#include "http/message/header_list.h"

#include <algorithm>

#include "base/text.h"

namespace trawl::http {
namespace {

constexpr std::int16_t kWeightMax = 1000;

bool is_weight_digit(char c) {
  return c >= '0' && c <= '9';
}

// A qvalue of RFC 9110: "1", "0.25"; digits behind the third change nothing.
std::int16_t parse_weight(std::string_view text) {
  if (text.empty() || !is_weight_digit(text.front())) return 0;
  const bool is_whole = text.front() != '0';
  text.remove_prefix(1);
  int thousandths = 0;
  if (!text.empty()) {
    if (text.front() != '.' ||
        !std::all_of(text.begin() + 1, text.end(), is_weight_digit)) {
      return 0;
    }
    int unit = 100;
    for (const char digit : text.substr(1, 3)) {
      thousandths += (digit - '0') * unit;
      unit /= 10;
    }
  }
  return is_whole ? kWeightMax : static_cast<std::int16_t>(thousandths);
}

}  // namespace

std::string_view take_element(std::string_view& rest) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    const char c = rest[end];
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted && c == '\\') {
      ++end;
    } else if (!quoted && c == ',') {
      break;
    }
  }
  end = std::min(end, rest.size());
  const std::string_view element = trim(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return element;
}

Weighted parse_weighted(std::string_view element) {
  Weighted out;
  auto semicolon = element.find(';');
  out.name = trim(element.substr(0, semicolon));
  while (semicolon != std::string_view::npos) {
    element.remove_prefix(semicolon + 1);
    semicolon = element.find(';');
    const std::string_view parameter = element.substr(0, semicolon);
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(parameter.substr(0, equals));
    if (name == "q" || name == "Q")
      out.weight = parse_weight(trim(parameter.substr(equals + 1)));
  }
  return out;
}

}  // namespace trawl::http
