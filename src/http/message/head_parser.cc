#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/text.h"
#include "http/message/head.h"

namespace trawl::http {
namespace {

Error malformed_head(std::string_view what) {
  return make_error(ErrorCode::bad_request,
                    fmt::format("the request is malformed: {}", what));
}

bool is_target_character(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
}

bool is_value_character(char c) {
  return static_cast<unsigned char>(c) >= 0x20 ? c != 0x7F : c == '\t';
}

// Cuts off the line in front and its CR LF; nothing when no line ends.
std::optional<std::string_view> take_head_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

// Cuts off the characters in front that belong.
std::string_view take_while(std::string_view& text, bool (*belongs)(char)) {
  const auto* end = std::find_if_not(text.begin(), text.end(), belongs);
  const std::string_view taken =
      text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

// method SP request-target SP HTTP-version. Returns the version: 10 or 11.
Result<int> parse_request_line(std::string_view line, Request& request) {
  const std::string_view method = take_while(line, is_token_character);
  if (method.empty() || !line.starts_with(' ')) return malformed_head("bad method");
  line.remove_prefix(1);
  const std::string_view target = take_while(line, is_target_character);
  if (target.empty() || !line.starts_with(' ')) return malformed_head("bad target");
  line.remove_prefix(1);
  if (line != "HTTP/1.1" && line != "HTTP/1.0") return malformed_head("bad version");
  request.method = method;
  request.target = target;
  return line.back() == '1' ? 11 : 10;
}

// Calls `accepts` with each element of a comma-separated value; false as soon as it is.
template <class Accepts>
bool all_elements(std::string_view value, Accepts accepts) {
  while (true) {
    const auto comma = value.find(',');
    if (!accepts(trim(value.substr(0, comma)))) return false;
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

bool is_token_or_empty(std::string_view element) {
  return std::all_of(element.begin(), element.end(), is_token_character);
}

// The fields that others on the way may read as the end of a message, or of a connection.
// Of a head where they make no sense nothing is believed, its request id neither;
// check_framing() narrows down what is left.
class DelimitingFields {
 public:
  // What is wrong with one more field; empty when nothing is.
  std::string_view check(std::string_view name, std::string_view value) {
    if (equals_ignoring_case(name, "Content-Length")) return check_length(value);
    if (equals_ignoring_case(name, "Transfer-Encoding")) {
      if (is_chunked_ || length_) return "bad Transfer-Encoding";
      is_chunked_ = equals_ignoring_case(value, "chunked");
    } else if (equals_ignoring_case(name, "Connection") ||
               equals_ignoring_case(name, "Proxy-Connection")) {
      if (!all_elements(value, is_token_or_empty)) return "bad value";
    }
    return {};
  }

 private:
  std::string_view check_length(std::string_view value) {
    if (is_chunked_) return "bad Content-Length";
    std::string_view fault;
    all_elements(value, [&](std::string_view element) {
      std::uint64_t length = 0;
      const char* end = element.data() + element.size();
      const auto [stop, error] = std::from_chars(element.data(), end, length);
      if (element.empty() || error != std::errc{} || stop != end) {
        fault = "bad Content-Length";
      } else if (length_.value_or(length) != length) {
        fault = "multiple Content-Length";
      }
      length_ = length;
      return fault.empty();
    });
    return fault;
  }

  std::optional<std::uint64_t> length_;
  bool is_chunked_ = false;
};

}  // namespace

// The grammar of RFC 9112 and nothing that it lets a server tolerate: no bare LF, no space
// around a name, no folded line.
Result<int> parse_head(std::string_view head, Request& request) {
  const auto request_line = take_head_line(head);
  if (!request_line) return malformed_head("bad head");
  TRAWL_ASSIGN(const int version, parse_request_line(*request_line, request));
  DelimitingFields delimiting;
  while (true) {
    const auto field = take_head_line(head);
    if (!field) return malformed_head("bad head");
    if (field->empty()) break;
    std::string_view rest = *field;
    const std::string_view name = take_while(rest, is_token_character);
    if (name.empty() || !rest.starts_with(':')) return malformed_head("bad field");
    rest.remove_prefix(1);
    if (!std::all_of(rest.begin(), rest.end(), is_value_character)) {
      return malformed_head("bad value");
    }
    const std::string_view value = trim(rest);
    const std::string_view fault = delimiting.check(name, value);
    if (!fault.empty()) return malformed_head(fault);
    request.headers.emplace_back(name, value);
  }
  if (!head.empty()) return malformed_head("bad head");
  return version;
}

}  // namespace trawl::http
