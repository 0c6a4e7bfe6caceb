#include "app/exposure.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace trawl::app {
namespace {

bool is_loopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return v6.sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
  }
  return false;
}

}  // namespace

std::optional<std::string> exposure_warning(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return std::nullopt;
  bool is_exposed = false;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    is_exposed = is_exposed || !is_loopback(*at->ai_addr);
  }
  ::freeaddrinfo(found);
  if (!is_exposed) return std::nullopt;
  return fmt::format(
      "{} can be reached from other machines, and there is no TLS: keys, documents and "
      "history cross the network as plain text. Listen on 127.0.0.1 and put a proxy that "
      "speaks TLS in front, or make sure that nobody else is on this network",
      host);
}

std::optional<std::string> root_warning(std::uint32_t effective_user,
                                        const std::string& data_dir) {
  if (effective_user != 0) return std::nullopt;
  return fmt::format(
      "the server runs as root, which it never needs: run it as its own user, which owns "
      "{}",
      data_dir);
}

}  // namespace trawl::app
