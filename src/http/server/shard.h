#pragma once

// Internal to the server: what its threads consist of. The files that include this are
// the only ones that see Asio, which is slow to compile.

#include <algorithm>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "http/message/cors.h"
#include "http/server/server.h"
#include "http/server/shares.h"
#include "http/server/stream_threads.h"
#include "runtime/thread.h"

namespace trawl::http {

namespace asio = boost::asio;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;
// Named executors: the default one, which can be any executor, costs a virtual call for
// each operation.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer =
    asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

class Connection;

// What the connections of all threads share.
struct Context {
  ServerOptions options;
  const Router& router;
  WorkerPool& workers;
  Server::Observer observer;
  const CorsPolicy cors;

  std::atomic<std::uint32_t> admitted{0};  // Open connections, without refused ones.
  std::atomic<std::uint32_t> refused{0};
  std::atomic<bool> draining{false};
  Mutex mutex;
  CondVar changed;
  // Connections that stop() waits for.
  std::size_t registered TRAWL_GUARDED_BY(mutex) = 0;
  unsigned drained TRAWL_GUARDED_BY(mutex) = 0;  // Threads that no longer accept.

  StreamThreads streams;                // Of replies.
  StreamThreads uploads;                // Of requests.
  const std::shared_ptr<Stock> bodies;  // In bytes.

  Context(ServerOptions o, const Router& r, WorkerPool& w, Server::Observer obs)
      : options(std::move(o)),
        router(r),
        workers(w),
        observer(std::move(obs)),
        cors(options.cors_origins),
        streams(workers, options.streams_max, options.streams_per_key_max),
        uploads(workers, options.uploads_max, options.uploads_per_key_max),
        bodies(std::make_shared<Stock>(
            std::max<std::uint64_t>(options.bodies_bytes_max, options.body_bytes_max),
            std::max<std::uint64_t>(options.bodies_bytes_per_key_max,
                                    options.body_bytes_max))) {}
};

// One thread: its event loop, its listening socket and its connections. Replies that come
// late keep it alive, so that posting to it is safe even after the server is gone.
struct Shard : std::enable_shared_from_this<Shard> {
  explicit Shard(std::shared_ptr<Context> shared)
      : context(std::move(shared)),
        acceptor(io),
        accept_pause(io),
        work(io.get_executor()) {}

  // Runs the task on this thread; false once the server has stopped.
  template <class Task>
  bool post(Task task) {
    const MutexLock lock(gate);
    if (closed) return false;
    asio::post(io, std::move(task));
    return true;
  }
  void run();
  void accept();
  void on_accept(error_code ec, Socket socket);
  void pause_accepting();
  void admit(Socket socket);
  void begin_drain();
  void force_close();
  std::string_view date();

  const std::shared_ptr<Context> context;
  asio::io_context io{1};
  Acceptor acceptor;
  Timer accept_pause;
  asio::executor_work_guard<Executor> work;
  bool is_ipv6 = false;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections;
  Mutex gate;
  bool closed TRAWL_GUARDED_BY(gate) = false;
  Thread thread;

  std::atomic<std::uint64_t> connections_total{0};
  std::atomic<std::uint64_t> requests_total{0};
  std::atomic<std::uint64_t> requests_active{0};

 private:
  std::time_t date_second_ = 0;
  std::string date_;
  bool accept_failed_ = false;
  bool is_accepting_ = false;  // A connection, or the end of a pause, is waited for.
};

}  // namespace trawl::http
