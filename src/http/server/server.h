#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/message/message.h"
#include "runtime/worker_pool.h"

namespace trawl::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free one
  unsigned threads = 0;       // I/O threads; 0: one for each core
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t body_bytes_max = 16 * 1024 * 1024;  // Of buffered bodies.
  std::uint32_t connections_max = 10'000;
  // Replies that are streamed at the same time, each of which has a thread; and of those
  // how many for one account (see Request). One more is 503, or 429.
  std::uint32_t streams_max = 64;
  std::uint32_t streams_per_key_max = 16;
  // The same for requests whose bodies are streamed.
  std::uint32_t uploads_max = 32;
  std::uint32_t uploads_per_key_max = 8;
  // Memory of all buffered bodies, from their first byte until the handler lets go of them,
  // and of those of one account. Less than one body may have counts as that much.
  std::uint64_t bodies_bytes_max = 256 * 1024 * 1024;
  std::uint64_t bodies_bytes_per_key_max = 64 * 1024 * 1024;
  // Bodies from this size are packed for clients that ask for it; 0: none.
  std::size_t compress_bytes_min = 1024;
  // Web pages that may read replies, as origins, or "*"; see CorsPolicy. Empty: none.
  std::vector<std::string> cors_origins;
  // Deadlines against slow clients.
  std::int64_t header_timeout_ms = 10'000;  // Whole header, from its first byte.
  std::int64_t idle_timeout_ms = 60'000;    // Between requests.
  std::int64_t body_timeout_ms =
      60'000;  // Whole buffered body; each piece of a streamed one.
  std::int64_t write_timeout_ms = 60'000;  // Without any progress.
  // Who sends a streamed body, or takes a reply, more slowly than this for as long as the
  // deadlines above is treated as if nothing came; 0: any progress will do.
  std::int64_t bytes_per_s_min = 100;
  std::int64_t drain_timeout_ms = 30'000;  // How long stop() waits for requests inside.
};

struct ServerMetrics {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  std::uint64_t requests_total = 0;
  std::uint64_t requests_active = 0;
  std::uint64_t streams_active = 0;
  std::uint64_t uploads_active = 0;
  std::uint64_t bodies_bytes = 0;  // Of buffered bodies; short ones are not counted.
};

// HTTP/1.1 on Boost.Asio: one io_context a thread, each with its own listening socket
// (SO_REUSEPORT). Thread-safe.
class Server {
 public:
  // Called for each finished request, on an I/O thread.
  using Observer = std::function<void(const Request&, std::string_view route_pattern,
                                      int status, std::int64_t duration_us)>;

  // Listens and serves once it returns. The router and the pool must outlive the server.
  //   invalid, unavailable  as open_listeners()
  static Result<std::unique_ptr<Server>> start(ServerOptions options, const Router& router,
                                               WorkerPool& workers, Observer observer = {});
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  // Refuses new connections, lets requests inside finish (at most drain_timeout_ms), then
  // closes. Writers of streamed replies are told at once, and waited for. Idempotent. Not
  // for handlers on an I/O thread: it waits for them. Handlers on the pool may still run
  // when the time was up; stop the pool before the router goes.
  virtual void stop() = 0;
  virtual ServerMetrics metrics() const = 0;
};

}  // namespace trawl::http
