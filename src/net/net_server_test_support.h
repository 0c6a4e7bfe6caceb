#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace trawl::test {

// One request as it came, and the connection to answer it by, well or badly.
class Exchange {
 public:
  Exchange(int socket, const std::atomic<bool>& is_ending)
      : socket_(socket), is_ending_(is_ending) {}

  std::string head;  // Lines as they were sent.
  std::string body;
  int number = 0;  // Of the request at its server, from 0.

  // False when the client is gone.
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool reply(int status, std::string_view text, std::string_view headers = {}) const {
    return write(
        fmt::format("HTTP/1.1 {} Said\r\nContent-Type: application/json\r\n{}"
                    "Content-Length: {}\r\n\r\n{}",
                    status, headers, text.size(), text));
  }
  // Until the client has closed the connection, or the server ends.
  void wait_for_end() const {
    while (!is_ending_) {
      pollfd one{socket_, POLLIN, 0};
      if (::poll(&one, 1, 10) == 0) continue;
      char byte = 0;
      if (::recv(socket_, &byte, 1, 0) <= 0) return;
    }
  }

 private:
  const int socket_;
  const std::atomic<bool>& is_ending_;
};

// A server on 127.0.0.1 that answers each request as the test says; the handler returns
// false to close the connection. It may be called on several threads at once.
class NetServer {
 public:
  using Handler = std::function<bool(const Exchange&)>;

  explicit NetServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~NetServer() {
    is_ending_ = true;
    accepting_.join();
    for (std::thread& each : connections_) each.join();
    ::close(listener_);
  }
  NetServer(const NetServer&) = delete;
  NetServer& operator=(const NetServer&) = delete;

  int port() const { return port_; }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  int requests() const { return requests_; }
  int connections() const { return connected_; }

 private:
  void accept_all() {
    while (!is_ending_) {
      pollfd one{listener_, POLLIN, 0};
      if (::poll(&one, 1, 10) <= 0) continue;
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) continue;
      ++connected_;
      connections_.emplace_back([this, socket] {
        serve(socket);
        ::close(socket);
      });
    }
  }

  void serve(int socket) {
    std::string bytes;
    while (true) {
      Exchange exchange(socket, is_ending_);
      std::size_t end = 0;
      while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
        if (!read_some(socket, bytes)) return;
      }
      exchange.head = bytes.substr(0, end + 2);
      const auto at = exchange.head.find("Content-Length: ");
      const std::size_t length =
          at == std::string::npos ? 0 : std::stoul(exchange.head.substr(at + 16));
      while (bytes.size() < end + 4 + length) {
        if (!read_some(socket, bytes)) return;
      }
      exchange.body = bytes.substr(end + 4, length);
      bytes.erase(0, end + 4 + length);
      exchange.number = requests_++;
      if (!handler_(exchange)) return;
    }
  }

  bool read_some(int socket, std::string& bytes) const {
    while (!is_ending_) {
      pollfd one{socket, POLLIN, 0};
      if (::poll(&one, 1, 10) == 0) continue;
      char piece[16384];
      const auto count = ::recv(socket, piece, sizeof piece, 0);
      if (count <= 0) return false;
      bytes.append(piece, static_cast<std::size_t>(count));
      return true;
    }
    return false;
  }

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> is_ending_{false};
  std::atomic<int> requests_{0};
  std::atomic<int> connected_{0};
  std::thread accepting_;
  std::vector<std::thread> connections_;  // Of the accepting thread, until it has ended.
};

}  // namespace trawl::test
