#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/message/head.h"
#include "http/message/message.h"

namespace {

using trawl::http::HeadScanner;
using trawl::http::parse_head;
using trawl::http::Request;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!trawl::http::is_token_character(c)) return false;
  }
  return !text.empty();
}

bool is_printable(std::string_view text, std::string_view besides) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte > 0x20 && byte != 0x7F) || besides.find(c) != std::string_view::npos)
      continue;
    return false;
  }
  return true;
}

// The verdict may not depend on the pieces that a head arrives in. Returns its size, or 0.
std::size_t scan(std::string_view text) {
  HeadScanner whole;
  const auto verdict = whole.scan(text);
  HeadScanner pieces;
  auto state = HeadScanner::State::more;
  for (std::size_t n = 0; n <= text.size() && state == HeadScanner::State::more; ++n) {
    state = pieces.scan(text.substr(0, n));
  }
  require(state == verdict);
  require(pieces.reason() == whole.reason());
  if (verdict != HeadScanner::State::complete) return 0;
  require(pieces.size() == whole.size());
  require(text.substr(0, whole.size()).ends_with("\r\n"));
  return whole.size();
}

std::string written(const Request& request, int version) {
  std::string head = request.method + " " + request.target +
                     (version == 11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  return head + "\r\n";
}

}  // namespace

// What arrives first on a connection, from anyone.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t head_size = scan(text);

  // The parser takes no head that the scanner would not have handed over.
  Request unscanned;
  if (parse_head(text, unscanned)) require(head_size == size);

  if (head_size == 0) return 0;
  Request request;
  const auto version = parse_head(text.substr(0, head_size), request);
  if (!version) return 0;
  require(*version == 10 || *version == 11);
  require(is_token(request.method) && !request.target.empty());
  require(is_printable(request.target, ""));
  for (const auto& [name, value] : request.headers) {
    require(is_token(name) && is_printable(value, " \t"));
    require(value.empty() || (is_printable(value.substr(0, 1), "") &&
                              is_printable(value.substr(value.size() - 1), "")));
  }

  // What was understood is all there is: written down again, it reads the same.
  Request again;
  const auto version_again = parse_head(written(request, *version), again);
  require(version_again && *version_again == *version);
  require(again.method == request.method && again.target == request.target);
  require(again.headers == request.headers);

  // A body that is framed is framed once.
  if (const auto framing = trawl::http::check_framing(request.headers, *version == 11)) {
    std::size_t lengths = 0;
    for (const auto& header : request.headers) {
      lengths += trawl::http::equals_ignoring_case(header.first, "Content-Length");
      lengths += trawl::http::equals_ignoring_case(header.first, "Transfer-Encoding");
    }
    require(lengths <= 1);
  }
  return 0;
}
