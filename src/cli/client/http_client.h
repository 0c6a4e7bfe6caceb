#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/client/url.h"
#include "cli/failure.h"

namespace trawl::cli {

// A request body that is read while it is sent.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Fills at most `capacity` bytes; 0 at the end, nothing when reading failed, which
  // ends the request.
  virtual std::optional<std::size_t> read(char* buffer, std::size_t capacity) = 0;
  // Of the whole body in bytes, where it is known beforehand.
  virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
  // Called about once a second, also while the server is thinking.
  virtual void tick() {}
};

// Takes the body of a successful reply while it arrives.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // False ends the exchange.
  virtual bool take(std::string_view piece) = 0;
  // As for BodySource; false ends the exchange.
  virtual bool tick() { return true; }
};

struct HttpRequest {
  std::string method;
  std::string target;  // Path and query, encoded.
  std::optional<std::string> body;
  BodySource* source = nullptr;  // Instead of `body`.
  std::string content_type = "application/json";
  std::vector<std::string> headers = {};  // Further ones, as "Name: value".
  // In place of HttpReply::body, for replies without an end in sight: these may take for
  // ever, but not stand still for longer than the timeout.
  BodySink* sink = nullptr;
};

struct HttpReply {
  int status = 0;
  std::string body;
  std::string request_id;  // Of X-Request-Id, or empty.
  // With the trailers of a chunked body; names in lower case.
  std::map<std::string, std::string> headers = {};
};

// Where a server is, and who is asking.
struct Connection {
  std::string base_url;        // As normalise_base_url() gives it.
  std::string api_key;         // Empty: none is sent.
  std::string namespace_name;  // Empty: the key's own.
  long timeout_s = 120;        // For a whole exchange; an upload may take longer.
};

// Sends requests to one server, one at a time, over one kept connection. Not thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;
  // Any HTTP status is a reply.
  //   refused  the server cannot be reached or did not answer in time; the message says
  //            how to start one. An upload may take any time, but not stand still for 300 s
  //   usage    the source could not be read
  virtual Outcome<HttpReply> send(const HttpRequest& request) = 0;
};

// http:// and https:// with libcurl; certificates are verified.
std::unique_ptr<Transport> make_http_client(Connection connection);

}  // namespace trawl::cli
