#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

namespace trawl::net {

// What an address leads to, as far as that decides whether the server may connect to it.
enum class AddressKind {
  everyone,    // What the whole network can reach.
  loopback,    // This machine.
  local,       // A private network: RFC 1918, RFC 6598, RFC 4193 and their like.
  link_local,  // The cable, and there the metadata of clouds: 169.254.0.0/16, fe80::/10.
  metadata,    // Where clouds answer with secrets, outside of link_local.
  no_host,     // Multicast, broadcast, "any", reserved and for documentation.
};

// Of IPv4 and IPv6, with IPv4 addresses that are written in IPv6 (mapped, NAT64, 6to4, and
// the server of Teredo) taken for what they lead to; other families are no_host.
AddressKind kind_of_address(const sockaddr& address);
// The same of a text such as "127.0.0.1" or "::1"; nothing where it is no address, such as
// the name of a host.
std::optional<AddressKind> kind_of_address(const std::string& text);

// Which addresses may be connected to. Held against the address of each connection, since
// a name may lead elsewhere the next time it is looked up.
struct AddressRules {
  // Loopback and private networks as well. Nothing allows what is link-local, metadata or
  // no host: no provider is there, and requests made by others are sent there to steal.
  bool allow_private = false;

  bool allow(AddressKind kind) const {
    return kind == AddressKind::everyone ||
           (allow_private && (kind == AddressKind::loopback || kind == AddressKind::local));
  }
};

// "a loopback address", for messages.
std::string_view description_of(AddressKind kind);

}  // namespace trawl::net
