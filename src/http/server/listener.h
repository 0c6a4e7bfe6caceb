#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace trawl::http {

// A file descriptor that is closed with its owner.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor = -1) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

struct Listeners {
  std::vector<FileDescriptor> sockets;
  std::uint16_t port = 0;
  bool is_ipv6 = false;
};

// Opens `count` listening sockets that share one address, so the kernel spreads the
// connections over them. `host` is an IPv4 or IPv6 address or "localhost" (127.0.0.1);
// port 0 takes any free one.
//   invalid      the host is not an address, or none of this machine
//   unavailable  another program listens there, or the port may not be bound
Result<Listeners> open_listeners(const std::string& host, std::uint16_t port,
                                 unsigned count);

}  // namespace trawl::http
