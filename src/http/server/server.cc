#include "http/server/server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "http/server/connection.h"
#include "http/server/listener.h"
#include "http/server/shard.h"
#include "runtime/guarded.h"

namespace trawl::http {
namespace {

constexpr std::uint32_t kRefusedMax = 256;    // Refused connections that may read a 503.
constexpr std::int64_t kAcceptPauseMs = 100;  // After accept() ran out of resources.

}  // namespace

void Shard::run() {
  while (run_guarded("an I/O thread, which goes on,", [this] { io.run(); }) !=
         Thrown::nothing) {
    // What threw may have been on its way to the next accept().
    if (!is_accepting_ && acceptor.is_open()) pause_accepting();
  }
}

void Shard::accept() {
  acceptor.async_accept(
      io, [this](error_code ec, Socket socket) { on_accept(ec, std::move(socket)); });
  is_accepting_ = true;
}

void Shard::on_accept(error_code ec, Socket socket) {
  is_accepting_ = false;
  if (!acceptor.is_open()) return;
  if (!ec) {
    accept_failed_ = false;
    admit(std::move(socket));
    accept();
    return;
  }
  if (ec == asio::error::connection_aborted) {
    accept();
    return;
  }
  // Out of descriptors or memory: the connection stays in the queue, and asking for it
  // again at once would fail again at once.
  if (!std::exchange(accept_failed_, true)) {
    spdlog::warn("cannot accept connections: {}; trying again every {} ms", ec.message(),
                 kAcceptPauseMs);
  }
  pause_accepting();
}

void Shard::pause_accepting() {
  run_guarded("a pause in accepting connections", [this] {
    accept_pause.expires_after(std::chrono::milliseconds(kAcceptPauseMs));
    accept_pause.async_wait([this](error_code failed) {
      is_accepting_ = false;
      if (!failed && acceptor.is_open()) accept();
    });
    is_accepting_ = true;
  });
}

void Shard::admit(Socket socket) {
  bool is_refused = false;
  if (context->admitted.fetch_add(1) >= context->options.connections_max) {
    context->admitted.fetch_sub(1);
    is_refused = true;
    if (context->refused.fetch_add(1) >= kRefusedMax) {
      context->refused.fetch_sub(1);
      return;
    }
  }
  std::shared_ptr<Connection> connection;
  const Thrown thrown = run_guarded("taking a connection", [&] {
    connection =
        std::make_shared<Connection>(shared_from_this(), std::move(socket), is_refused);
    connections.emplace(connection.get(), connection);
  });
  if (thrown != Thrown::nothing) {
    (is_refused ? context->refused : context->admitted).fetch_sub(1);
    return;
  }
  connections_total.fetch_add(1, std::memory_order_relaxed);
  {
    const MutexLock lock(context->mutex);
    ++context->registered;
  }
  connection->start();
}

void Shard::begin_drain() {
  // Clients whose connections wait in the queue believe to be connected.
  error_code ec;
  acceptor.non_blocking(true, ec);
  for (int i = 0; !ec && i < SOMAXCONN; ++i) {
    Socket socket(io);
    acceptor.accept(socket, ec);
    if (!ec) admit(std::move(socket));
  }
  acceptor.close(ec);
  accept_pause.cancel();
  for (const auto& [key, connection] : std::unordered_map(connections)) connection->drain();
  const MutexLock lock(context->mutex);
  ++context->drained;
  context->changed.notify_all();
}

void Shard::force_close() {
  for (const auto& [key, connection] : std::unordered_map(connections)) {
    connection->abandon();
  }
  work.reset();
}

// The Date header's value, formatted once a second.
std::string_view Shard::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed",
                                            "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    date_ = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday],
                        parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900,
                        parts.tm_hour, parts.tm_min, parts.tm_sec);
  }
  return date_;
}

namespace {

class AsioServer final : public Server {
 public:
  explicit AsioServer(std::shared_ptr<Context> context) : context_(std::move(context)) {}
  ~AsioServer() override { stop(); }

  Result<void> listen();
  std::uint16_t port() const override { return port_; }
  void stop() override;
  ServerMetrics metrics() const override;

 private:
  const std::shared_ptr<Context> context_;
  std::vector<std::shared_ptr<Shard>> shards_;
  std::uint16_t port_ = 0;
  Mutex stop_mutex_;
  bool stopped_ TRAWL_GUARDED_BY(stop_mutex_) = false;
};

Result<void> AsioServer::listen() {
  auto& options = context_->options;
  if (options.threads == 0) {
    options.threads = std::max(1U, std::thread::hardware_concurrency());
  }
  TRAWL_ASSIGN(Listeners listeners,
               open_listeners(options.host, options.port, options.threads));
  port_ = listeners.port;
  try {
    for (auto& socket : listeners.sockets) {
      auto shard = std::make_shared<Shard>(context_);
      shard->acceptor.assign(listeners.is_ipv6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(),
                             socket.get());
      socket.release();
      shard->accept();
      shards_.push_back(std::move(shard));
    }
    for (const auto& shard : shards_) {
      shard->thread = start_thread("io", [raw = shard.get()] { raw->run(); });
    }
  } catch (const std::exception& e) {
    return make_error(ErrorCode::unavailable,
                      fmt::format("cannot start the server's threads: {}", e.what()));
  }
  return {};
}

void AsioServer::stop() {
  const MutexLock stop_lock(stop_mutex_);
  if (stopped_) return;
  stopped_ = true;
  context_->draining = true;
  unsigned running = 0;
  for (const auto& shard : shards_) {
    if (!shard->thread.is_joinable()) continue;
    ++running;
    shard->post([raw = shard.get()] { raw->begin_drain(); });
  }
  {
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::milliseconds(context_->options.drain_timeout_ms);
    MutexLock lock(context_->mutex);
    while ((context_->drained != running || context_->registered > 0) &&
           context_->changed.wait_until(lock, end)) {
    }
    if (context_->registered > 0) {
      spdlog::warn("closing {} connections that did not finish within {} ms",
                   context_->registered, context_->options.drain_timeout_ms);
    }
  }
  for (const auto& shard : shards_) {
    shard->post([raw = shard.get()] { raw->force_close(); });
    shard->thread.join();
    const MutexLock lock(shard->gate);
    shard->closed = true;
  }
  // Every connection is closed by now, so no writer waits for its client.
  context_->streams.join();
  context_->uploads.join();
}

ServerMetrics AsioServer::metrics() const {
  ServerMetrics total;
  total.connections_open = context_->admitted;
  total.streams_active = context_->streams.active();
  total.uploads_active = context_->uploads.active();
  total.bodies_bytes = context_->bodies->taken();
  for (const auto& shard : shards_) {
    total.connections_total += shard->connections_total;
    total.requests_total += shard->requests_total;
    total.requests_active += shard->requests_active;
  }
  return total;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, const Router& router,
                                              WorkerPool& workers, Observer observer) {
  auto server = std::make_unique<AsioServer>(
      std::make_shared<Context>(std::move(options), router, workers, std::move(observer)));
  TRAWL_TRY(server->listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace trawl::http
