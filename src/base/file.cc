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

#include "base/hash.h"
#include "base/private_files.h"
#include "base/text.h"

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

namespace {

Error cannot(std::string_view what, const std::string& path) {
  return make_error(ErrorCode::storage,
                    fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

// Writes, syncs and closes; false when one of them fails.
bool write_and_close(int fd, std::string_view bytes) {
  const bool written =
      ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      ::fsync(fd) == 0;
  return (::close(fd) == 0) && written;
}

}  // namespace

Result<std::string> read_or_make_secret(const std::string& path, std::size_t bytes) {
  if (!std::filesystem::exists(path)) {
    // Under another name first: half a secret must never be taken for one.
    const std::string draft = path + ".new";
    ::unlink(draft.c_str());
    const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || !write_and_close(fd, random_hex(bytes) + "\n") ||
        ::rename(draft.c_str(), path.c_str()) != 0) {
      return cannot("make", path);
    }
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const int directory =
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return cannot("make", path);
    const bool synced = ::fsync(directory) == 0;
    ::close(directory);
    if (!synced) return cannot("make", path);
  }
  auto text = read_file(path);
  if (!text) return cannot("read", path);
  const std::string secret(trim(*text));
  if (secret.size() != bytes * 2 ||
      secret.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return make_error(
        ErrorCode::storage,
        fmt::format("{} does not hold {} hexadecimal digits; restore it from a backup, or "
                    "remove it to have a new one made",
                    path, bytes * 2));
  }
  return secret;
}

Result<DirectoryLock> DirectoryLock::acquire(const std::string& directory, bool to_read) {
  if (const std::error_code made = make_private_directories(directory)) {
    return make_error(
        ErrorCode::storage,
        fmt::format("cannot make the data directory {}: {}; name another with --data-dir",
                    directory, made.message()));
  }
  const std::string path = directory + "/LOCK";
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const bool is_writable = fd >= 0;
  if (!is_writable && to_read && (errno == EACCES || errno == EROFS || errno == EPERM)) {
    // Whoever can write has locked the file, if it is there.
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  if (fd < 0) {
    return make_error(ErrorCode::storage,
                      fmt::format("cannot write to the data directory {}: {}; start the "
                                  "server as its owner, or name another with --data-dir",
                                  directory, std::strerror(errno)));
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
  if (!is_writable) return DirectoryLock(fd);
  const std::string pid = std::to_string(::getpid());
  const bool is_told = ::ftruncate(fd, 0) == 0 && ::write(fd, pid.data(), pid.size()) ==
                                                      static_cast<ssize_t>(pid.size());
  // On a full disk the lock holds all the same; it only cannot say who has it.
  if (!is_told && errno != ENOSPC && errno != EDQUOT) {
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
