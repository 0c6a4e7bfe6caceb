#pragma once

#include <string>

#include "base/result.h"

namespace trawl {

//   not_found  it cannot be read, for whatever reason; the message has the system's
Result<std::string> read_file(const std::string& path);

// The secret in a file, made of so many random bytes when the file is missing: lower-case
// hexadecimal, readable by the owner alone, and on disk before this returns.
//   storage  the file cannot be read or made, or does not hold a secret of that size
Result<std::string> read_or_make_secret(const std::string& path, std::size_t bytes);

// Holds an exclusive lock on DIR/LOCK as long as it lives, so that one process at a
// time owns a data directory. The kernel lets go when the process dies, however it dies.
class [[nodiscard]] DirectoryLock {
 public:
  // Makes the directory when it is missing; its owner alone can read it. `to_read` allows
  // one that cannot be written.
  //   unavailable  another process holds it; the message has its process id
  //   storage      the directory cannot be made or written
  static Result<DirectoryLock> acquire(const std::string& directory, bool to_read = false);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace trawl
