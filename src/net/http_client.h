#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address_rules.h"
#include "runtime/deadline.h"
#include "runtime/stop.h"

namespace trawl::net {

struct HttpRequest {
  std::string url;
  std::string body;                       // JSON; sent with POST.
  std::vector<std::string> headers = {};  // Further ones, as "Name: value".
  std::size_t reply_bytes_max = 0;        // Of a 2xx reply, unpacked.
};

struct HttpReply {
  int status = 0;
  std::string body;  // Of other replies than 2xx the beginning.
  std::optional<std::chrono::milliseconds> retry_after;
  std::string location;  // Where a redirect leads; it is not followed.
};

// Why there was no reply.
struct HttpFailure {
  Error error;
  bool is_passing = false;  // Whether another try may have one.
};

using HttpOutcome = boost::system::result<HttpReply, HttpFailure>;

struct HttpClientOptions {
  AddressRules addresses;
  std::chrono::milliseconds connect_timeout{5'000};  // With the name and TLS.
};

// Sends requests over HTTP/1.1 and verified TLS with libcurl, each on the thread of its
// caller, over connections that are kept. Follows no redirect, uses no proxy, sends no
// cookies, and connects to no address that the rules refuse, whatever its name.
// Thread-safe.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Waits for the reply, of any status; the stop and the deadline end that at once.
  //   timeout      the deadline passed
  //   cancelled    the token stopped
  //   unavailable  no connection, a broken one, a refused address, half a reply, one that
  //                is too long, or one in a coding that cannot be read
  HttpOutcome send(const HttpRequest& request, const StopToken& stop,
                   Deadline deadline) const;

 private:
  class Handles;

  const HttpClientOptions options_;
  const std::unique_ptr<Handles> handles_;
};

}  // namespace trawl::net
