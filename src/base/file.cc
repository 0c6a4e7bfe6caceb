#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace trawl {

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf() || in.peek() == std::ifstream::traits_type::eof())) {
    return make_error(ErrorCode::not_found,
                      fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  return text.str();
}

Result<DirectoryLock> DirectoryLock::acquire(const std::string& directory) {
  std::error_code made;
  std::filesystem::create_directories(directory, made);
  if (made) {
    return make_error(
        ErrorCode::storage,
        fmt::format("cannot make the data directory {}: {}", directory, made.message()));
  }
  const std::string path = directory + "/LOCK";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return make_error(ErrorCode::storage,
                      fmt::format("cannot write to the data directory {}: {}", directory,
                                  std::strerror(errno)));
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char pid[32] = {};
    const auto size = ::read(fd, pid, sizeof pid - 1);
    ::close(fd);
    return make_error(
        ErrorCode::unavailable,
        fmt::format("the data directory {} is in use by process {}; stop it, or name "
                    "another with --data-dir",
                    directory, size > 0 ? pid : "(unknown)"));
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 ||
      ::write(fd, pid.data(), pid.size()) != static_cast<ssize_t>(pid.size())) {
    Error error = make_error(ErrorCode::storage,
                             fmt::format("cannot write to the data directory {}: {}",
                                         directory, std::strerror(errno)));
    ::close(fd);
    return error;
  }
  return DirectoryLock(fd);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace trawl
