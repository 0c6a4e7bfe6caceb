#include "sqlite/mark.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>

namespace trawl::sqlite {
namespace {

// https://www.sqlite.org/fileformat.html#application_id: big-endian.
constexpr off_t kOffset = 68;

}  // namespace

std::uint32_t mark_of_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::array<unsigned char, 4> bytes{};
  const bool read = ::pread(fd, bytes.data(), bytes.size(), kOffset) == 4;
  ::close(fd);
  if (!read) return 0;
  std::uint32_t mark = 0;
  for (const unsigned char byte : bytes) mark = mark << 8 | byte;
  return mark;
}

bool lacks_its_log(const std::string& path) {
  std::error_code ignored;
  // An empty log is one, too: all of it was moved into the file.
  return !std::filesystem::exists(path + "-wal", ignored) &&
         mark_of_file(path) == kMarkOpen;
}

std::string without_log_message(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  return fmt::format(
      "{0} was open when it was copied, or a server using it was killed, and its log "
      "{1}-wal "
      "is "
      "not beside it: its newest changes are missing, and it may be damaged. Copy both "
      "files of a server that is stopped, or use what `trawl backup` makes",
      path, name);
}

bool mark_copy_as_closed(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  std::array<unsigned char, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<unsigned char>(kMarkClosed >> (8 * (3 - i)));
  }
  const bool written = ::pwrite(fd, bytes.data(), bytes.size(), kOffset) == 4;
  return ::close(fd) == 0 && written;
}

}  // namespace trawl::sqlite
