#include "net/address_rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace trawl::net {
namespace {

struct V4Range {
  std::uint32_t first;
  int bits;  // That all of its addresses share.
  AddressKind kind;
};

constexpr std::uint32_t v4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return (a << 24) | (b << 16) | (c << 8) | d;
}

// The registry of special addresses (RFC 6890), and the metadata services that lie outside
// of it. The first that fits counts.
constexpr V4Range kV4Ranges[] = {
    {v4(100, 100, 100, 200), 32, AddressKind::metadata},  // Alibaba.
    {v4(168, 63, 129, 16), 32, AddressKind::metadata},    // Azure's host.
    {v4(192, 0, 0, 192), 32, AddressKind::metadata},      // Oracle.
    {v4(169, 254, 0, 0), 16, AddressKind::link_local},
    {v4(127, 0, 0, 0), 8, AddressKind::loopback},
    {v4(10, 0, 0, 0), 8, AddressKind::local},
    {v4(172, 16, 0, 0), 12, AddressKind::local},
    {v4(192, 168, 0, 0), 16, AddressKind::local},
    {v4(100, 64, 0, 0), 10, AddressKind::local},
    {v4(198, 18, 0, 0), 15, AddressKind::local},
    {v4(0, 0, 0, 0), 8, AddressKind::no_host},
    {v4(192, 0, 0, 0), 24, AddressKind::no_host},
    {v4(192, 0, 2, 0), 24, AddressKind::no_host},
    {v4(192, 88, 99, 0), 24, AddressKind::no_host},
    {v4(198, 51, 100, 0), 24, AddressKind::no_host},
    {v4(203, 0, 113, 0), 24, AddressKind::no_host},
    {v4(224, 0, 0, 0), 3, AddressKind::no_host},
};

AddressKind kind_of_v4(std::uint32_t address) {
  for (const V4Range& range : kV4Ranges) {
    if ((address ^ range.first) >> (32 - range.bits) == 0) return range.kind;
  }
  return AddressKind::everyone;
}

using V6 = std::array<std::uint8_t, 16>;

std::uint32_t v4_at(const V6& address, std::size_t at) {
  return v4(address[at], address[at + 1], address[at + 2], address[at + 3]);
}

struct V6Range {
  V6 first;
  std::size_t bits;
  AddressKind kind;
};

constexpr V6Range kV6Ranges[] = {
    {{0xfd, 0x00, 0x0e, 0xc2}, 32, AddressKind::metadata},  // Amazon: fd00:ec2::/32.
    {{0xfd, 0x20, 0x00, 0xce}, 32, AddressKind::metadata},  // Google: fd20:ce::/32.
    {{0xfc}, 7, AddressKind::local},
    {{0xfe, 0x80}, 10, AddressKind::link_local},
    {{0xfe, 0xc0}, 10, AddressKind::local},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, AddressKind::no_host},
    {{0x20, 0x01, 0x00, 0x20}, 28, AddressKind::no_host},
    {{0x01, 0x00}, 64, AddressKind::no_host},
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, AddressKind::local},
};

bool shares_bits(const V6& a, const V6& b, std::size_t bits) {
  for (std::size_t i = 0; i < 16 && bits > 0; ++i) {
    const std::size_t here = bits < 8 ? bits : 8;
    if (((a[i] ^ b[i]) >> (8 - here)) != 0) return false;
    bits -= here;
  }
  return true;
}

AddressKind kind_of_v6(const V6& address) {
  constexpr V6 kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr V6 kNat64 = {0x00, 0x64, 0xff, 0x9b};
  constexpr V6 k6to4 = {0x20, 0x02};
  constexpr V6 kTeredo = {0x20, 0x01, 0x00, 0x00};
  constexpr V6 kLoopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (address == kLoopback) return AddressKind::loopback;
  if (shares_bits(address, kMapped, 96)) return kind_of_v4(v4_at(address, 12));
  if (shares_bits(address, kNat64, 96)) return kind_of_v4(v4_at(address, 12));
  if (shares_bits(address, k6to4, 16)) return kind_of_v4(v4_at(address, 2));
  // The address of the client is there with each bit turned over.
  if (shares_bits(address, kTeredo, 32)) return kind_of_v4(~v4_at(address, 12));
  for (const V6Range& range : kV6Ranges) {
    if (shares_bits(address, range.first, range.bits)) return range.kind;
  }
  // All that is given out to be reached lies in 2000::/3.
  return shares_bits(address, {0x20}, 3) ? AddressKind::everyone : AddressKind::no_host;
}

}  // namespace

AddressKind kind_of_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4_address;
    std::memcpy(&v4_address, &address, sizeof v4_address);
    return kind_of_v4(ntohl(v4_address.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6_address;
    std::memcpy(&v6_address, &address, sizeof v6_address);
    V6 bytes;
    std::memcpy(bytes.data(), &v6_address.sin6_addr, bytes.size());
    return kind_of_v6(bytes);
  }
  return AddressKind::no_host;
}

std::optional<AddressKind> kind_of_address(const std::string& text) {
  in_addr v4_address;
  if (inet_pton(AF_INET, text.c_str(), &v4_address) == 1) {
    return kind_of_v4(ntohl(v4_address.s_addr));
  }
  V6 bytes;
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return kind_of_v6(bytes);
  return std::nullopt;
}

std::string_view description_of(AddressKind kind) {
  switch (kind) {
    case AddressKind::everyone:
      return "a public address";
    case AddressKind::loopback:
      return "a loopback address";
    case AddressKind::local:
      return "an address of a private network";
    case AddressKind::link_local:
      return "a link-local address";
    case AddressKind::metadata:
      return "an address of a cloud's metadata";
    case AddressKind::no_host:
      return "an address of no single host";
  }
  return {};
}

}  // namespace trawl::net
