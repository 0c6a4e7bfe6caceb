#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message/message.h"

namespace trawl::http {

// Finds the end of a request's head while it arrives, and refuses shapes that lenient
// parsers read in different ways: a line that does not end in CR LF, a folded line, a
// control character. A request that two parsers may read differently is how one request
// is smuggled inside another.
class HeadScanner {
 public:
  enum class State { more, complete, malformed };

  // `head` begins with the request line and holds all that has arrived; it may only grow
  // from call to call.
  State scan(std::string_view head);
  std::size_t size() const { return scanned_; }        // Of a complete head.
  std::string_view reason() const { return reason_; }  // Of a malformed one.

 private:
  State refuse(std::string_view reason);

  std::size_t scanned_ = 0;
  std::size_t line_ = 0;  // Where the current line begins.
  std::string_view reason_;
};

// Reads a complete head, as HeadScanner accepts it, into method, target and headers of the
// request. Returns the version: 10 or 11.
//   bad_request  not HTTP/1.0 or 1.1 by the letter of RFC 9112, or with fields that
//                contradict each other about where the message ends
Result<int> parse_head(std::string_view head, Request& request);

// How the body is delimited and what becomes of the connection.
struct Framing {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expect_continue = false;

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

//   bad_request  lengths that are doubled, contradictory or no numbers, a transfer coding
//                other than chunked, a missing or doubled Host
Result<Framing> check_framing(const std::vector<Header>& headers, bool is_http_11);

// The raw path and query of a request target: "/path?query", "http://host/path" or, for
// OPTIONS, "*".
//   bad_request  none of these
struct Target {
  std::string_view path;
  std::string_view query;
};
Result<Target> split_target(std::string_view method, std::string_view target);

// 1 to 128 visible ASCII characters.
bool is_valid_request_id(std::string_view id);

// Of a method or a header's name.
bool is_token_character(char c);

bool equals_ignoring_case(std::string_view a, std::string_view b);

// Whether a comma-separated header value has this token.
bool has_token(std::string_view value, std::string_view token);

// Status line and headers up to and with the empty line. A streamed body is chunked, or in
// HTTP/1.0 ends with the connection. Headers of the response that would contradict the
// framing (Content-Length, Connection, …) are left out, and control characters in values
// become spaces. Vary names what the server decided the reply's form by; handlers that
// stream say it themselves.
struct ResponseHead {
  std::string_view request_id;
  std::string_view date;
  bool is_http_11 = true;
  bool keep_alive = true;
  bool trailers = false;  // Whether a Trailer header may stand.
  bool varies_by_origin = false;
  std::string_view allow_origin = {};  // The pages that may read the reply; empty: none.
};
void append_response_head(std::string& out, const Response& response,
                          const ResponseHead& head);

// True for statuses whose replies have no body at all.
bool is_bodiless(int status);

}  // namespace trawl::http
