#include "http/message/head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "base/text.h"
#include "http/message/content_encoder.h"
#include "http/message/cors.h"

namespace trawl::http {
namespace {

constexpr std::size_t kShownMax = 100;  // Characters of a value that a message repeats.

std::string shown(std::string_view value) {
  return truncate_text(value, kShownMax);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool parse_length(std::string_view text, std::uint64_t& length) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, length);
  return error == std::errc{} && stop == end && !text.empty();
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

// What the server itself decides.
bool is_reserved(std::string_view name) {
  static constexpr std::string_view kReserved[] = {"Content-Length",
                                                   "Transfer-Encoding",
                                                   "Connection",
                                                   "Content-Type",
                                                   "X-Request-Id",
                                                   "Server",
                                                   "Date"};
  return std::any_of(
      std::begin(kReserved), std::end(kReserved),
      [&](std::string_view known) { return equals_ignoring_case(name, known); });
}

void append_vary(std::string& out, const Response& response, bool by_origin) {
  const bool by_coding =
      !response.stream && response.status != 204 && is_compressible(response.content_type);
  const bool by_type = response.error != nullptr;
  if (!by_coding && !by_type && !by_origin) return;
  out.append("Vary: ");
  std::string_view separator;
  const auto add = [&](bool varies, std::string_view name) {
    if (!varies) return;
    out.append(separator).append(name);
    separator = ", ";
  };
  add(by_type, "Accept");
  add(by_coding, "Accept-Encoding");
  add(by_origin, "Origin");
  out.append("\r\n");
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_character);
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view head) {
  for (std::size_t i = scanned_; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    if (i == line_ && line_ > 0 && (c == ' ' || c == '\t')) {
      return refuse("a header line begins with a space: folded headers are not accepted");
    }
    if ((c >= 0x20 && c != 0x7F) || c == '\t') continue;
    if (c != '\r') {
      return refuse(c == '\n' ? "a line ends in LF without CR"
                              : "the head holds a control character");
    }
    if (i + 1 == head.size()) {
      scanned_ = i;
      return State::more;
    }
    if (head[i + 1] != '\n') return refuse("a CR is not followed by LF");
    ++i;
    if (i - 1 == line_) {
      scanned_ = i + 1;
      return State::complete;
    }
    line_ = i + 1;
  }
  scanned_ = head.size();
  return State::more;
}

HeadScanner::State HeadScanner::refuse(std::string_view reason) {
  reason_ = reason;
  return State::malformed;
}

Result<Framing> check_framing(const std::vector<Header>& headers, bool is_http_11) {
  Framing framing;
  framing.keep_alive = is_http_11;
  bool asks_close = false;
  bool asks_keep_alive = false;
  std::size_t hosts = 0;
  for (const auto& [name, value] : headers) {
    if (equals_ignoring_case(name, "Content-Length")) {
      if (framing.content_length) {
        return make_error(ErrorCode::bad_request, "Content-Length is given twice");
      }
      std::uint64_t length = 0;
      if (!parse_length(value, length)) {
        return make_error(
            ErrorCode::bad_request,
            fmt::format("Content-Length '{}' is not a number of bytes", shown(value)));
      }
      framing.content_length = length;
    } else if (equals_ignoring_case(name, "Transfer-Encoding")) {
      if (framing.chunked) {
        return make_error(ErrorCode::bad_request, "Transfer-Encoding is given twice");
      }
      if (!equals_ignoring_case(value, "chunked")) {
        return make_error(
            ErrorCode::bad_request,
            fmt::format("Transfer-Encoding '{}' is not accepted; only 'chunked' is",
                        shown(value)));
      }
      framing.chunked = true;
    } else if (equals_ignoring_case(name, "Host")) {
      ++hosts;
    } else if (equals_ignoring_case(name, "Connection")) {
      asks_close = asks_close || has_token(value, "close");
      asks_keep_alive = asks_keep_alive || has_token(value, "keep-alive");
    } else if (equals_ignoring_case(name, "Expect")) {
      framing.expect_continue =
          framing.expect_continue || (is_http_11 && has_token(value, "100-continue"));
    }
  }
  if (framing.chunked && framing.content_length) {
    return make_error(
        ErrorCode::bad_request,
        "Content-Length and Transfer-Encoding contradict each other; send one");
  }
  if (framing.chunked && !is_http_11) {
    return make_error(ErrorCode::bad_request,
                      "Transfer-Encoding needs HTTP/1.1; send a Content-Length");
  }
  if (hosts > 1) return make_error(ErrorCode::bad_request, "Host is given twice");
  if (hosts == 0 && is_http_11) {
    return make_error(ErrorCode::bad_request, "HTTP/1.1 requests need a Host header");
  }
  if (!is_http_11 && asks_keep_alive) framing.keep_alive = true;
  if (asks_close) framing.keep_alive = false;
  return framing;
}

Result<Target> split_target(std::string_view method, std::string_view target) {
  if (target == "*" && method == "OPTIONS") return Target{target, {}};
  std::string_view rest = target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(rest.substr(0, scheme.size()), scheme)) continue;
    rest.remove_prefix(scheme.size());
    rest.remove_prefix(std::min(rest.find_first_of("/?"), rest.size()));
    if (rest.empty()) return Target{"/", {}};
    if (rest.front() == '?') return Target{"/", rest.substr(1)};
    break;
  }
  if (rest.empty() || rest.front() != '/') {
    return make_error(ErrorCode::bad_request,
                      fmt::format("the request target '{}' is not a path that begins with "
                                  "a slash",
                                  shown(target)));
  }
  const auto mark = rest.find('?');
  if (mark == std::string_view::npos) return Target{rest, {}};
  return Target{rest.substr(0, mark), rest.substr(mark + 1)};
}

bool is_valid_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::all_of(id.begin(), id.end(), [](char c) { return c >= 0x21 && c <= 0x7E; });
}

bool is_token_character(char c) {
  static constexpr auto kIsToken = [] {
    std::array<bool, 256> is_token{};
    for (const char known : std::string_view("0123456789!#$%&'*+-.^_`|~"
                                             "abcdefghijklmnopqrstuvwxyz"
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
      is_token[static_cast<unsigned char>(known)] = true;
    }
    return is_token;
  }();
  return kIsToken[static_cast<unsigned char>(c)];
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool has_token(std::string_view value, std::string_view token) {
  while (true) {
    const auto comma = value.find(',');
    if (equals_ignoring_case(trim(value.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    value.remove_prefix(comma + 1);
  }
}

bool is_bodiless(int status) {
  return status < 200 || status == 204 || status == 304;
}

void append_response_head(std::string& out, const Response& response,
                          const ResponseHead& head) {
  const auto text = [&out](std::string_view value) {
    for (const char c : value) {
      out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c);
    }
    out.append("\r\n");
  };
  auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\nServer: trawl\r\nDate: {}\r\n", response.status,
                 reason_phrase(response.status), head.date);
  out.append("X-Request-Id: ").append(head.request_id).append("\r\n");
  if (!is_bodiless(response.status)) {
    out.append("Content-Type: ");
    text(response.content_type);
    if (!response.is_made_later()) {
      fmt::format_to(to, "Content-Length: {}\r\n", response.body.size());
    } else if (head.is_http_11) {
      out.append("Transfer-Encoding: chunked\r\n");
    }
  }
  if (!head.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (!head.is_http_11) {
    out.append("Connection: keep-alive\r\n");
  }
  append_vary(out, response, head.varies_by_origin);
  if (!head.allow_origin.empty()) {
    out.append("Access-Control-Allow-Origin: ");
    text(head.allow_origin);
    out.append("Access-Control-Expose-Headers: ").append(kExposedHeaders).append("\r\n");
  }
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || is_reserved(name)) continue;
    if (!head.trailers && equals_ignoring_case(name, "Trailer")) continue;
    out.append(name).append(": ");
    text(value);
  }
  out.append("\r\n");
}

}  // namespace trawl::http
