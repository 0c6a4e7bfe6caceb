#pragma once

// For tests: a client that writes raw bytes, and a server to write them to.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/text.h"
#include "http/message/head.h"
#include "http/server/server.h"
#include "runtime/worker_pool.h"

namespace trawl::http {

struct ClientReply {
  int status = 0;
  std::string head;
  std::string body;
  std::string trailers;  // As lines; of a chunked body.
  bool complete = true;  // False: the connection ended within a chunked body.

  std::string header(std::string_view name) const { return find(head, name); }
  std::string trailer(std::string_view name) const { return find(trailers, name); }

 private:
  static std::string find(std::string_view rest, std::string_view name) {
    while (!rest.empty()) {
      const auto end = rest.find("\r\n");
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
      const auto colon = line.find(':');
      if (colon != std::string_view::npos &&
          equals_ignoring_case(line.substr(0, colon), name)) {
        return std::string(trim(line.substr(colon + 1)));
      }
    }
    return {};
  }
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer > 0) {
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        connected_(other.connected_),
        input_(std::move(other.input_)) {}
  ~RawClient() { close(); }

  bool connected() const { return connected_; }
  // Whether the server's process has taken in all that was sent so far; what is on its way
  // stands in the table of sockets.
  bool was_read() const {
    sockaddr_in own{};
    sockaddr_in peer{};
    socklen_t size = sizeof own;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
    getpeername(socket_, reinterpret_cast<sockaddr*>(&peer), &size);
    std::ifstream table("/proc/net/tcp");
    for (std::string line; std::getline(table, line);) {
      unsigned local = 0;
      unsigned remote = 0;
      unsigned unsent = 0;
      unsigned unread = 0;
      if (std::sscanf(line.c_str(), " %*d: %*x:%x %*x:%x %*x %x:%x", &local, &remote,
                      &unsent, &unread) == 4 &&
          local == ntohs(peer.sin_port) && remote == ntohs(own.sin_port)) {
        return unread == 0;
      }
    }
    return false;
  }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  // Closes with a reset instead of an orderly end.
  void reset() {
    const linger hard{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  void end_output() { ::shutdown(socket_, SHUT_WR); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // How much of the bytes the connection takes before it is full for a while.
  std::size_t send_until_full(std::string_view bytes, int patience_ms) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      pollfd ready{socket_, POLLOUT, 0};
      if (::poll(&ready, 1, patience_ms) <= 0) break;
      const ssize_t n = ::send(socket_, bytes.data() + sent, bytes.size() - sent,
                               MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    return sent;
  }

  // The next reply, or nothing when the connection ended or stayed silent before it.
  std::optional<ClientReply> receive(bool has_body = true) {
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    ClientReply reply;
    reply.head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    if (reply.head.size() > 12) reply.status = std::atoi(reply.head.c_str() + 9);
    if (has_body && reply.header("Transfer-Encoding") == "chunked") {
      reply.complete = receive_chunks(reply);
      return reply;
    }
    const std::string length = reply.header("Content-Length");
    const std::size_t size =
        has_body && !length.empty() ? std::strtoul(length.c_str(), nullptr, 10) : 0;
    while (input_.size() < size) {
      if (!fill()) return std::nullopt;
    }
    reply.body = input_.substr(0, size);
    input_.erase(0, size);
    return reply;
  }

  // The next piece of a chunked body; empty at its end, nothing when it is cut short.
  std::optional<std::string> receive_chunk() {
    const auto size_line = receive_line();
    if (!size_line) return std::nullopt;
    const std::size_t size = std::strtoul(size_line->c_str(), nullptr, 16);
    if (size == 0) return std::string();
    while (input_.size() < size + 2) {
      if (!fill()) return std::nullopt;
    }
    std::string piece = input_.substr(0, size);
    EXPECT_EQ(input_.substr(size, 2), "\r\n");
    input_.erase(0, size + 2);
    return piece;
  }
  // All that comes until the connection ends; `orderly` tells an end from a reset.
  std::string receive_rest(bool& orderly) {
    while (fill()) {
    }
    orderly = ended_ && !was_reset_;
    return std::exchange(input_, {});
  }

  // True when the server ends the connection in time, and sends nothing more before.
  bool ends() {
    while (fill()) {
    }
    return ended_ && input_.empty();
  }

 private:
  std::optional<std::string> receive_line() {
    std::size_t end = 0;
    while ((end = input_.find("\r\n")) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    std::string line = input_.substr(0, end);
    input_.erase(0, end + 2);
    return line;
  }
  bool receive_chunks(ClientReply& reply) {
    while (true) {
      const auto piece = receive_chunk();
      if (!piece) return false;
      if (piece->empty()) break;
      reply.body += *piece;
    }
    while (true) {
      const auto line = receive_line();
      if (!line) return false;
      if (line->empty()) return true;
      reply.trailers += *line + "\r\n";
    }
  }

  bool fill() {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, 20'000) <= 0) return false;
    char buffer[16 * 1024];
    const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
    if (n <= 0) {
      ended_ = true;
      was_reset_ = n < 0;
      return false;
    }
    input_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  int socket_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  bool was_reset_ = false;
  std::string input_;
};

inline std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) +
         "\r\n";
}

inline std::string post(std::string_view target, std::string_view body,
                        std::string_view headers = "") {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

// Waits up to twenty seconds for the condition.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return condition();
}

// Where a handler waits until the test lets it go on; every later one continues at once.
class Gate {
 public:
  // The handler's side.
  void pass() {
    inside_ = true;
    EXPECT_TRUE(eventually([this] { return open_.load(); }));
  }
  // The test's side.
  bool wait_inside() {
    return eventually([this] { return inside_.load(); });
  }
  void open() { open_ = true; }

 private:
  std::atomic<bool> inside_{false};
  std::atomic<bool> open_{false};
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.port = 0;
    options_.threads = 2;
    options_.drain_timeout_ms = 10'000;
    add("GET", "/hello", [](const auto&, const Reply& reply) {
      reply({200, "text/plain", {}, "hello"});
    });
    add("POST", "/echo", [](const auto& request, const Reply& reply) {
      reply({200, "text/plain", {}, request->body});
    });
  }

  void add(std::string method, std::string pattern, Handler handler,
           RunOn run_on = RunOn::io, Body body = Body::buffered) {
    router_.add({std::move(method), std::move(pattern), run_on, body, std::move(handler)});
  }
  void start() {
    auto started = Server::start(options_, router_, workers_, observer_);
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  RawClient connect() { return RawClient(server_->port()); }
  // One request on a connection of its own.
  ClientReply ask(std::string_view bytes) {
    RawClient client = connect();
    client.send(bytes);
    return client.receive().value_or(ClientReply{});
  }
  // Sends what is refused and ends the connection.
  void expect_refusal(std::string_view bytes, int status) {
    RawClient client = connect();
    client.send(bytes);
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << bytes.substr(0, 200);
    EXPECT_EQ(reply->status, status) << bytes.substr(0, 200) << "\n" << reply->body;
    EXPECT_EQ(reply->header("Connection"), "close");
    EXPECT_FALSE(reply->header("X-Request-Id").empty());
    EXPECT_NE(reply->body.find("\"request_id\":\"" + reply->header("X-Request-Id")),
              std::string::npos)
        << reply->body;
    client.end_output();
    EXPECT_TRUE(client.ends()) << bytes.substr(0, 200);
  }

  ServerOptions options_;
  Router router_;
  Server::Observer observer_;
  WorkerPool workers_{2, 8};
  std::unique_ptr<Server> server_;
};

}  // namespace trawl::http
