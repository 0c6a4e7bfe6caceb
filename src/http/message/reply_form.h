#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/message/message.h"
#include "http/message/negotiation.h"

namespace trawl::http {

// What the head of a request asks of the form of its reply. Copying one that asks for
// nothing, as most do, allocates nothing.
struct ReplyForm {
  bool is_read = false;  // GET or HEAD: what conditions are for.
  bool has_if_match = false;
  bool wants_problem = false;
  AcceptedCodings codings;
  std::string if_none_match;  // Several lines joined; empty where there is none.
  std::string instance;       // The path as a URI, where a problem is wanted.

  static ReplyForm of(const Request& request);
};

// The codings that a request asks for, for handlers that stream and so pack by themselves.
AcceptedCodings accepted_codings(const Request& request);

// Whether shape_reply() would do more than look: the work may be worth another thread.
bool needs_shaping(const Response& response, const ReplyForm& form);

// Gives the reply the form that was asked for: an error as a problem, an ETag and perhaps
// 304 in place of the body, the body packed where it has `compress_bytes_min` or more (0:
// never). To be called once.
void shape_reply(Response& response, const ReplyForm& form, std::string_view request_id,
                 std::size_t compress_bytes_min);

}  // namespace trawl::http
