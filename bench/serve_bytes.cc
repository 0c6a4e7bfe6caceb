#include <fmt/format.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "commands.h"
#include "http/server/server.h"
#include "measure.h"

namespace trawl::bench {

Result<void> serve_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return make_error(ErrorCode::not_found, fmt::format("{} cannot be read", path));
  }
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};

  // Before there are threads, which inherit it: the signals are waited for, not handled.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  http::Router router;
  router.add({"POST", "/", http::RunOn::io, http::Body::buffered,
              [&bytes](const std::shared_ptr<http::Request>&, const http::Reply& reply) {
                http::Response response;
                response.body = bytes;
                reply(std::move(response));
              }});
  WorkerPool workers(1, 1);
  http::ServerOptions options;
  options.port = 0;
  TRAWL_ASSIGN(auto server, http::Server::start(options, router, workers));
  emit({{"bench", "serve"}, {"port", server->port()}});
  int signal = 0;
  sigwait(&signals, &signal);
  server->stop();
  workers.stop();
  return {};
}

}  // namespace trawl::bench
