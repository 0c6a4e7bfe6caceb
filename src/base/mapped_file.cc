#include "base/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace trawl {

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  const auto failed = [&](const char* what) {
    return make_error(ErrorCode::storage,
                      fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("open");
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    Error error = failed("inspect");
    ::close(fd);
    return error;
  }
  if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    ::close(fd);
    return make_error(ErrorCode::storage, fmt::format("{} is empty", path));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  Error map_error = address == MAP_FAILED ? failed("map") : Error{};
  ::close(fd);
  if (address == MAP_FAILED) return map_error;
  return std::shared_ptr<const MappedFile>(new MappedFile(address, size));
}

MappedFile::~MappedFile() {
  ::munmap(address_, size_);
}

void MappedFile::expect_scattered_reads(std::size_t offset, std::size_t size) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t begin = (offset + page - 1) / page * page;
  const std::size_t end = std::min(offset + size, size_);
  // Advice: where it is refused, reads are the same and only dearer.
  if (begin < end) {
    (void)::madvise(static_cast<char*>(address_) + begin, end - begin, MADV_RANDOM);
  }
}

}  // namespace trawl
