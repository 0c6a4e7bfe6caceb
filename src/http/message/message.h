#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/message/body_limit.h"
#include "runtime/stop.h"

namespace trawl::http {

using Header = std::pair<std::string, std::string>;

// The body of a request that is read while it arrives. One reader, on a thread of its own.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Blocks for the next piece; empty at the end. Chunks are at most 256 KiB.
  //   timeout      the client stopped sending
  //   cancelled    the client left, or the server is stopping
  //   bad_request  the body is malformed or cut short
  //   too_large    it is packed, and unpacks to too many times its size
  virtual Result<std::string> read() = 0;
};

struct Request {
  std::string method;
  std::string target;                       // As sent: path and query.
  std::string path;                         // Percent-decoded.
  std::vector<Header> query;                // Decoded name and value, in order.
  std::vector<Header> headers;              // Names as sent.
  std::vector<Header> path_parameters;      // From the route's pattern, decoded.
  std::string body;                         // Whole and unpacked, for buffered routes.
  std::shared_ptr<void> body_memory;        // Counts it, as long as somebody has it.
  std::shared_ptr<BodyReader> body_reader;  // For streaming routes.
  // monotonic_us() when it was handed to the thread that answers it.
  std::int64_t queued_us = 0;
  std::string request_id;  // The client's X-Request-Id if sane, else a new one.
  std::string remote_address;
  // Who is charged for memory, uploads and streams: what admission says, or the address.
  std::string account;
  std::shared_ptr<void> admitted;     // What admission has found out, for the handler.
  std::vector<Header> reply_headers;  // Of every reply to this request, an early one too.
  // Stops once there is nobody to reply to: the client has closed the connection, or its
  // sending side, or the server has waited long enough for the reply. A streamed body has
  // to be read to its end before the first can be seen.
  StopToken stop;

  // Case-insensitive; the first one, or nothing.
  std::optional<std::string_view> header(std::string_view name) const;
  std::optional<std::string_view> query_value(std::string_view name) const;
  // Of a parameter that the route has.
  const std::string& path_parameter(std::string_view name) const;
};

// The body of a reply that is sent while it is made. One writer, on a thread of its own.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Sends the piece, and blocks while the client is behind: at most about 256 KiB wait in
  // memory. Once it has failed it always fails.
  //   timeout    the client took nothing for as long as a write may stall
  //   cancelled  the client left, or the server is stopping; in the second case what was
  //              written before still goes out
  virtual Result<void> write(std::string_view piece) = 0;
  // To be sent behind the last piece, to clients that said "TE: trailers" in HTTP/1.1.
  virtual void trailer(std::string name, std::string value) = 0;
  // Whether write() would fail; cheap. For writers that wait for something to write.
  virtual bool is_closed() const = 0;
  // `wake` is called once, on another thread, when is_closed() turns true; at once when it
  // is true already. It may be called as late as after the stream function has returned.
  virtual void on_closed(std::function<void()> wake) = 0;
};

// Writes the body. On an error the reply is cut off in a way that the client can see: the
// connection ends before the body does.
using StreamBody = std::function<Result<void>(BodyWriter&)>;

// Makes a body piece by piece: appends the next piece, some ten KiB, to `out`, and says
// whether there are more. Called on workers, as a task of the request's account, whenever
// the client has taken most of what was made; one call at a time. So a client that reads
// slowly holds no thread, no slot and no more than about 320 KiB. An error cuts the reply
// off, as that of a StreamBody does.
using NextPiece = std::function<Result<bool>(std::string& out)>;

// The server packs bodies for clients that ask for it (Accept-Encoding), unless they are
// streams or have a Content-Encoding already, and says in Vary what a reply depends on.
struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<Header> headers;
  std::string body;
  // In place of `body`. Called once on a thread of its own, unless the request is a HEAD
  // or too many replies are streamed already (503). Declare trailers in Trailer; the server
  // drops it if the client does not accept them.
  StreamBody stream = {};
  // In place of `body`, for what would take too much memory as a whole. Unlike a stream it
  // ends by itself, so it is not refused however many there are, and a server that stops
  // lets it finish.
  NextPiece pieces = {};
  // Set on single resources: a GET that is answered 200 gets an ETag made from the body, or
  // 304 if its If-None-Match already has that.
  bool has_etag = false;
  // Set by error_response(): the error behind the body, to re-render as problem+json.
  std::shared_ptr<const Error> error = {};
  // For replies that must not wait for a worker: they are compressed on the thread that
  // made them.
  bool stays_off_workers = false;

  // Whether the body is made while it is sent, so that nobody knows how long it will be.
  bool is_made_later() const { return stream != nullptr || pieces != nullptr; }
};

// Sends the reply; call it exactly once, from any thread.
using Reply = std::function<void(Response)>;

// Decides about a request when its head is here and before anything of its body is read or
// kept: who sends it, whether they may, and how often. On the connection's thread: it must
// not block. An error is the reply, and the body is thrown away. It may set account,
// admitted and reply_headers of the request.
using Admit = std::function<Result<void>(Request&)>;

// How requests of a route are answered.
class Handler {
 public:
  using Handle = std::function<void(std::shared_ptr<Request>, Reply)>;

  Handler() = default;
  template <class Function,
            class = std::enable_if_t<std::is_constructible_v<Handle, Function> &&
                                     !std::is_same_v<Function, Handler>>>
  Handler(Function handle) : handle_(std::move(handle)) {}  // Implicit, for lambdas.
  Handler(Admit admit, Handle handle)
      : admit_(std::move(admit)), handle_(std::move(handle)) {}
  // Longer bodies are 413, whatever the server takes.
  Handler& limit_body(BodyLimit limit) {
    body_limit_ = limit;
    return *this;
  }

  Result<void> admit(Request& request) const {
    return admit_ ? admit_(request) : Result<void>();
  }
  const BodyLimit& body_limit() const { return body_limit_; }
  explicit operator bool() const { return static_cast<bool>(handle_); }
  // The function that answers, where it is one of this type.
  template <class Function>
  const Function* target() const {
    return handle_.target<Function>();
  }
  void operator()(std::shared_ptr<Request> request, Reply reply) const {
    handle_(std::move(request), std::move(reply));
  }

 private:
  Admit admit_;
  Handle handle_;
  BodyLimit body_limit_;
};

enum class RunOn {
  // On the connection's own thread: must not block longer than a short read. Requests whose
  // body is long or packed run on a worker all the same: reading it takes a while.
  io,
  worker,  // On the worker pool; a full pool answers 503.
};
enum class Body {
  buffered,
  // Read by the handler, on a thread of its own: workers do not wait for clients. At most
  // uploads_max at the same time.
  streamed,
};

struct Route {
  std::string method;
  std::string pattern;  // "/v1/collections/{collection}/documents/{document}"
  RunOn run_on = RunOn::io;
  Body body = Body::buffered;
  Handler handler;
  // False for routes that only answer "not offered": they are left out of Allow.
  bool is_offered = true;
};

// Finds the route of a request. Literal segments win over parameters. Filled once;
// matching is thread-safe.
class Router {
 public:
  // Throws std::invalid_argument for a pattern that is not one, or a route that is there
  // already: both are defects of the program, found when it starts.
  void add(Route route);

  struct Match {
    const Route* route = nullptr;  // null: see `allowed`
    std::vector<Header> path_parameters;
    std::vector<std::string> allowed;  // Methods that the path has; empty: unknown path.
  };
  // `path` is the raw path, still percent-encoded, without the query. HEAD matches GET.
  // One trailing slash changes nothing. Where the most literal pattern lacks the method,
  // the next one that has it answers.
  Match match(std::string_view method, std::string_view path) const;
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  // A node of the tree of segments. Children are indices into nodes_; 0 is the root and
  // so never a child.
  struct Node {
    std::vector<std::pair<std::string, std::size_t>> literals;  // Sorted by segment.
    std::size_t parameter = 0;                                  // 0: none
    std::vector<const Route*> routes;
  };
  struct Search;
  bool find(std::size_t node, std::size_t depth, Search& search) const;

  std::vector<std::unique_ptr<Route>> routes_;
  std::vector<Node> nodes_ = std::vector<Node>(1);
};

// Percent-decoding. False for a malformed escape, a NUL byte or bytes that are not UTF-8.
bool percent_decode(std::string_view text, bool plus_is_space, std::string& out);
// "a=1&b=%20" into pairs; false as above.
bool parse_query(std::string_view text, std::vector<Header>& out);

// The contract's error envelope: {"success": false, "status", "error": {"message", "type",
// "details"?}, "request_id"}, and for 422 the `detail` list next to it.
Response error_response(const Error& error, std::string_view request_id);
// The same as a problem of RFC 9457, application/problem+json. `instance` is a URI
// reference.
void turn_into_problem(Response& response, const Error& error, std::string_view request_id,
                       std::string_view instance);
int http_status(ErrorCode code);
std::string_view error_type(ErrorCode code);

}  // namespace trawl::http
