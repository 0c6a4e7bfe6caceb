#include "base/byte_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace trawl {
namespace {

constexpr std::size_t kFileBufferSize = 1 << 20;

}  // namespace

FileSink::FileSink(std::string directory, const std::string& name)
    : directory_(std::move(directory)),
      path_(directory_ + "/" + name),
      temporary_(path_ + std::string(kTemporarySuffix)) {
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd_ < 0) fail("create");
}

FileSink::~FileSink() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void FileSink::fail(const char* what) {
  if (failed_) return;
  failed_ = true;
  const int reason = errno;
  error_ = make_error(
      ErrorCode::storage,
      fmt::format("cannot {} an index file: {}", what, std::strerror(reason)), temporary_);
}

void FileSink::write(std::string_view bytes) {
  if (failed_) return;
  if (buffer_.size() + bytes.size() < kFileBufferSize) {
    buffer_.append(bytes);
    return;
  }
  write_buffer();
  write_now(bytes);
}

void FileSink::write_buffer() {
  write_now(buffer_);
  buffer_.clear();
}

void FileSink::write_now(std::string_view bytes) {
  while (!bytes.empty() && !failed_) {
    const auto written = ::write(fd_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      fail("write");
    }
  }
}

Result<void> FileSink::finish() {
  if (!failed_) write_buffer();
  if (!failed_ && ::fsync(fd_) != 0) fail("sync");
  if (!failed_ && std::rename(temporary_.c_str(), path_.c_str()) != 0) fail("rename");
  if (failed_) return error_;
  ::close(std::exchange(fd_, -1));
  // The name must be as durable as the content before older files are removed.
  const int directory = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0 || ::fsync(directory) != 0) fail("sync the directory of");
  if (directory >= 0) ::close(directory);
  if (!failed_) return {};
  ::unlink(path_.c_str());
  return error_;
}

}  // namespace trawl
