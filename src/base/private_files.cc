#include "base/private_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace trawl {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOthers = 0077;

std::error_code last_error() {
  return {errno, std::generic_category()};
}

}  // namespace

std::error_code make_private_directories(const std::string& path) {
  std::error_code failed;
  if (path.empty() || fs::is_directory(path, failed)) return {};
  const std::string parent = fs::path(path).parent_path().string();
  if (parent != path) {
    if (const auto above = make_private_directories(parent)) return above;
  }
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  // A trailing slash, or somebody was faster.
  if (errno == EEXIST && fs::is_directory(path, failed)) return {};
  return last_error();
}

std::error_code make_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return errno == EEXIST ? std::error_code() : last_error();
  ::close(fd);
  return {};
}

Tightened tighten(const std::string& path) {
  struct stat at {};
  if (::stat(path.c_str(), &at) != 0 || (at.st_mode & kOthers) == 0) return Tightened::no;
  const mode_t mode = at.st_mode & 07777 & ~kOthers;
  if (at.st_uid != ::geteuid() || ::chmod(path.c_str(), mode) != 0) {
    return Tightened::not_ours;
  }
  return Tightened::yes;
}

std::size_t tighten_all_within(const std::string& folder) {
  std::size_t changed = 0;
  std::error_code failed;
  for (auto entry = fs::recursive_directory_iterator(folder, failed);
       !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
    std::error_code ignored;
    if (entry->is_symlink(ignored)) continue;
    if (tighten(entry->path().string()) == Tightened::yes) ++changed;
  }
  return changed;
}

}  // namespace trawl
