#include "app/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <optional>

#include "app/data_files.h"
#include "base/file.h"
#include "base/private_files.h"
#include "ledger/sqlite/check.h"
#include "sqlite/copy.h"

namespace trawl::app {
namespace {

namespace fs = std::filesystem;

Error cannot(std::string_view what, const std::string& path, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  return make_error(is_full ? ErrorCode::cannot_store : ErrorCode::storage,
                    fmt::format("cannot {} {}: {}", what, path, std::strerror(error)));
}

Result<void> sync_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) return cannot("write", path, error);
  return {};
}

// Absolute, so that it has a parent, even where nothing is there yet.
Result<std::string> resolved(const std::string& path) {
  std::error_code failed;
  const fs::path whole = fs::absolute(path, failed);
  if (failed) return cannot("resolve", path, failed.value());
  std::string out = fs::weakly_canonical(whole, failed).string();
  if (failed) return cannot("resolve", path, failed.value());
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

bool is_within(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

Result<void> check_only_backup(const std::string& directory) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (is_data_file(name)) continue;
    return make_error(ErrorCode::already_exists,
                      fmt::format("{} holds {}, which does not belong to a backup; name "
                                  "another directory, or move it away",
                                  directory, name));
  }
  return {};
}

Result<void> check_target(const std::string& data_dir, const std::string& target,
                          bool replace) {
  if (is_within(target, data_dir) || is_within(data_dir, target)) {
    return make_error(ErrorCode::invalid,
                      fmt::format("{} is the data directory, within it or around it; name "
                                  "a directory elsewhere",
                                  target));
  }
  struct stat at {};
  if (::stat(target.c_str(), &at) != 0) return {};
  if (!S_ISDIR(at.st_mode)) {
    return make_error(
        ErrorCode::already_exists,
        fmt::format("{} is a file; name a directory that does not exist", target));
  }
  struct stat parent {};
  if (::stat(fs::path(target).parent_path().c_str(), &parent) == 0 &&
      parent.st_dev != at.st_dev) {
    return make_error(ErrorCode::invalid,
                      fmt::format("{} is a mount point, which cannot be given a new "
                                  "directory's name; name one in it, such as {}/trawl",
                                  target, target));
  }
  if (replace) return check_only_backup(target);
  std::error_code ignored;
  if (fs::is_empty(target, ignored)) return {};
  return make_error(
      ErrorCode::already_exists,
      fmt::format("{} is not empty; name another directory, or replace an earlier "
                  "backup with --force",
                  target));
}

// A folder that is removed again unless it is kept.
class PartialBackup {
 public:
  // Clears what a killed backup left.
  static Result<PartialBackup> make(const std::string& directory) {
    std::error_code ignored;
    if (fs::exists(directory, ignored)) {
      TRAWL_TRY(check_only_backup(directory));
      TRAWL_ASSIGN(const auto lock, lock_of(directory));
      fs::remove_all(directory, ignored);
    }
    make_private_directories(fs::path(directory).parent_path().string());
    if (::mkdir(directory.c_str(), 0700) != 0) return cannot("make", directory, errno);
    TRAWL_ASSIGN(auto lock, lock_of(directory));
    return PartialBackup(directory, std::move(lock));
  }
  PartialBackup(PartialBackup&& other) noexcept
      : directory_(std::exchange(other.directory_, {})), lock_(std::move(other.lock_)) {}
  PartialBackup& operator=(PartialBackup&&) = delete;
  ~PartialBackup() {
    std::error_code ignored;
    if (!directory_.empty()) fs::remove_all(directory_, ignored);
  }

  const std::string& directory() const { return directory_; }

  // Gives it the target's name.
  Result<void> keep(const std::string& target) {
    ::unlink((directory_ + "/LOCK").c_str());
    TRAWL_TRY(sync_directory(directory_));
    std::error_code ignored;
    if (!fs::exists(target, ignored) || fs::is_empty(target, ignored)) {
      if (::rename(directory_.c_str(), target.c_str()) != 0) {
        return cannot("make", target, errno);
      }
      directory_.clear();
    } else {
      // No server may start on the old one while it is replaced.
      std::optional<DirectoryLock> lock;
      if (fs::exists(target + "/LOCK", ignored)) {
        TRAWL_ASSIGN(auto held, lock_of(target));
        lock.emplace(std::move(held));
      }
      // At every moment there is one.
      if (::renameat2(AT_FDCWD, directory_.c_str(), AT_FDCWD, target.c_str(),
                      RENAME_EXCHANGE) != 0) {
        return cannot("replace", target, errno);
      }
    }
    return sync_directory(fs::path(target).parent_path().string());
  }

 private:
  PartialBackup(std::string directory, DirectoryLock lock)
      : directory_(std::move(directory)), lock_(std::move(lock)) {}

  static Result<DirectoryLock> lock_of(const std::string& directory) {
    auto lock = DirectoryLock::acquire(directory);
    if (!lock && lock.error().code == ErrorCode::unavailable) {
      return make_error(ErrorCode::unavailable,
                        fmt::format("{} is in use by a server or another backup; wait for "
                                    "it to end, or name another directory",
                                    directory));
    }
    return lock;
  }

  std::string directory_;  // Empty once it has its name.
  DirectoryLock lock_;
};

// Fails before anything is written: a disk that fills up may be the server's own.
Result<void> check_space(const std::string& directory, std::uint64_t bytes) {
  struct statvfs disk {};
  if (::statvfs(directory.c_str(), &disk) != 0) return {};
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free >= bytes) return {};
  return make_error(ErrorCode::cannot_store,
                    fmt::format("the disk of {} is too full: the backup takes {} MiB, and "
                                "{} MiB are free; free some space, or name another disk",
                                directory, (bytes >> 20) + 1, free >> 20));
}

Result<std::uint64_t> copy_recording_key(const std::string& from, const std::string& to) {
  TRAWL_ASSIGN(const std::string text, read_file(from));
  const int fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return cannot("make", to, errno);
  const bool written =
      ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!written) return cannot("write", to, error);
  return text.size();
}

}  // namespace

Result<BackupReport> back_up(const std::string& data_dir, const std::string& target,
                             bool replace, const BackupProgress& progress) {
  TRAWL_TRY(check_data_directory(data_dir));
  TRAWL_ASSIGN(const std::string from, resolved(data_dir));
  TRAWL_ASSIGN(const std::string to, resolved(target));
  TRAWL_TRY(check_target(from, to, replace));
  for (const std::string& missing : find_missing_logs(from)) {
    return make_error(ErrorCode::storage, missing + ", and a copy would hide that");
  }
  // A server that uses it is noticed before the long part.
  std::error_code ignored;
  if (fs::exists(to + "/LOCK", ignored)) {
    if (const auto lock = DirectoryLock::acquire(to); !lock) {
      return make_error(lock.error().code,
                        fmt::format("{} is in use by a server; name another directory", to),
                        lock.error().message);
    }
  }
  TRAWL_ASSIGN(auto partial, PartialBackup::make(to + ".partial"));

  // The jobs first: they name executions.
  std::vector<const char*> in_order{kLedgerFile, kCorpusFile, kKeysFile};
  if (fs::exists(from + "/" + kJobsFile, ignored)) {
    in_order.insert(in_order.begin(), kJobsFile);
  }
  std::vector<std::uint64_t> sizes;  // As they are now; the copies may be larger.
  for (const char* name : in_order) {
    TRAWL_ASSIGN(const auto database, sqlite::DatabaseCopy::begin(from + "/" + name));
    sizes.push_back(database.bytes());
  }
  std::uint64_t bytes_left = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
  TRAWL_TRY(check_space(partial.directory(), bytes_left));

  BackupReport report;
  // The order matters. Executions name versions of collections and keys, so these have to
  // be of a later moment: then whatever the history names is there.
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const char* const name = in_order[i];
    bytes_left -= sizes[i];
    TRAWL_ASSIGN(auto copy, sqlite::DatabaseCopy::begin(from + "/" + name));
    if (std::string_view(name) == kLedgerFile) {
      TRAWL_ASSIGN(report.executions, sqlite::count_all_executions(copy.source()));
    }
    TRAWL_TRY(copy.write(partial.directory() + "/" + name, [&](std::uint64_t bytes) {
      if (progress)
        progress(report.bytes + bytes, report.bytes + copy.bytes() + bytes_left);
    }));
    report.files.push_back({name, copy.bytes()});
    report.bytes += copy.bytes();
  }
  // Missing before the first start of a version that has it.
  if (fs::exists(from + "/" + kRecordingKeyFile, ignored)) {
    TRAWL_ASSIGN(const std::uint64_t size,
                 copy_recording_key(from + "/" + kRecordingKeyFile,
                                    partial.directory() + "/" + kRecordingKeyFile));
    report.files.push_back({kRecordingKeyFile, size});
    report.bytes += size;
  }
  TRAWL_TRY(partial.keep(to));
  return report;
}

}  // namespace trawl::app
