#include "http/server/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace trawl::http {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<Address> parse_address(std::string host, std::uint16_t port) {
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof(sockaddr_in6);
  } else {
    return make_error(ErrorCode::invalid,
                      fmt::format("cannot listen on host '{}': give an IPv4 or IPv6 "
                                  "address, or localhost",
                                  host));
  }
  return address;
}

Error bind_error(const std::string& host, std::uint16_t port, int reason) {
  switch (reason) {
    case EADDRINUSE:
      return make_error(
          ErrorCode::unavailable,
          fmt::format("port {} of {} is in use: stop the program that listens there, or "
                      "choose another port",
                      port, host));
    case EADDRNOTAVAIL:
      return make_error(
          ErrorCode::invalid,
          fmt::format("{} is not an address of this machine: choose one of its own, or "
                      "0.0.0.0 for all",
                      host));
    case EACCES:
      return make_error(ErrorCode::unavailable,
                        fmt::format("port {} needs more rights than this process has: "
                                    "choose one above 1023",
                                    port));
    default:
      return make_error(ErrorCode::unavailable,
                        fmt::format("cannot listen on port {} of {}: {}", port, host,
                                    std::strerror(reason)));
  }
}

// A socket bound to the address, or the errno in `reason`.
FileDescriptor bind_socket(const Address& address, bool shares_port, int& reason) {
  FileDescriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int off = 0;
  const auto set = [&](int level, int option, const int& value) {
    return setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
  };
  const bool ok = socket.get() >= 0 && set(SOL_SOCKET, SO_REUSEADDR, on) &&
                  (!shares_port || set(SOL_SOCKET, SO_REUSEPORT, on)) &&
                  (address.family() != AF_INET6 || set(IPPROTO_IPV6, IPV6_V6ONLY, off)) &&
                  ::bind(socket.get(), address.get(), address.size) == 0;
  reason = ok ? 0 : errno;
  return ok ? std::move(socket) : FileDescriptor();
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = other.release();
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Listeners> open_listeners(const std::string& host, std::uint16_t port,
                                 unsigned count) {
  Listeners listeners;
  listeners.port = port;
  TRAWL_ASSIGN(Address address, parse_address(host, port));
  listeners.is_ipv6 = address.family() == AF_INET6;
  int reason = 0;
  // With SO_REUSEPORT a second server of the same user would bind without an error and
  // take half of the connections. A socket without it tells whether the port is free.
  if (port != 0) {
    const FileDescriptor probe = bind_socket(address, false, reason);
    if (reason != 0) return bind_error(host, port, reason);
  }
  for (unsigned i = 0; i < count; ++i) {
    FileDescriptor socket = bind_socket(address, true, reason);
    if (reason == 0 && ::listen(socket.get(), SOMAXCONN) != 0) reason = errno;
    if (reason != 0) return bind_error(host, listeners.port, reason);
    if (listeners.port == 0) {
      // The first socket chose the port; the others join it.
      if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address.storage),
                      &address.size) != 0) {
        return bind_error(host, port, errno);
      }
      listeners.port = ntohs(
          listeners.is_ipv6 ? reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port
                            : reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);
    }
    listeners.sockets.push_back(std::move(socket));
  }
  return listeners;
}

}  // namespace trawl::http
