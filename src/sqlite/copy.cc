#include "sqlite/copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "sqlite/mark.h"

namespace trawl::sqlite {
namespace {

// Pages of one step, between which progress is told: 8 MiB.
constexpr int kStepPages = 1024;
constexpr int kCacheKib = 4 * 1024;

Error cannot(std::string_view what, const std::string& path, int error) {
  return make_error(ErrorCode::storage,
                    fmt::format("cannot {} {}: {}", what, path, std::strerror(error)));
}

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

// What a write of the copy failed with, in terms of the file and what to do.
Error copy_error(sqlite3* target, int code, const std::string& path,
                 const std::string& source) {
  const int system = sqlite3_system_errno(target);
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return make_error(
          ErrorCode::cannot_store,
          fmt::format("cannot write {}: the disk is full; free some space, or name "
                      "another disk",
                      path));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return make_error(ErrorCode::storage,
                        fmt::format("cannot copy {}: it is damaged; see what `trawl "
                                    "doctor` says",
                                    source));
    default:
      return make_error(
          ErrorCode::storage,
          fmt::format("cannot copy {} to {}: {}", source, path,
                      system != 0 ? std::strerror(system) : sqlite3_errstr(code)),
          fmt::format("SQLite error {}", code));
  }
}

Result<void> sync_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return cannot("open", path, errno);
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (error != 0) return cannot("write", path, error);
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> open_for_reading(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) {
    return make_error(ErrorCode::not_found,
                      fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  }
  std::error_code ignored;
  const bool has_log = std::filesystem::exists(path + "-wal", ignored);
  OpenOptions options;
  options.read_only = true;
  options.cache_kib = kCacheKib;
  options.mmap_bytes = 0;
  TRAWL_ASSIGN(auto connection, Connection::open(path, options));
  // The last connection to close moves the log into the file and removes it, which is for
  // the server to do: it tells a copy that lacks its log by that. Where there was none
  // before, closing is left to tidy up behind us; SQLite does it under a lock that keeps
  // everybody out.
  if (has_log) {
    sqlite3_db_config(connection->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  return connection;
}

Result<DatabaseCopy> DatabaseCopy::begin(const std::string& path) {
  TRAWL_ASSIGN(auto source, open_for_reading(path));
  TRAWL_ASSIGN(auto transaction, Transaction::begin(*source, Transaction::Kind::read));
  // The first read chooses the state.
  TRAWL_TRY(source->integer("SELECT count(*) FROM sqlite_schema"));
  TRAWL_ASSIGN(const std::int64_t pages, source->integer("PRAGMA page_count"));
  TRAWL_ASSIGN(const std::int64_t page_size, source->integer("PRAGMA page_size"));
  return DatabaseCopy(path, std::move(source), std::move(transaction),
                      static_cast<std::uint64_t>(pages * page_size));
}

Result<void> DatabaseCopy::write(const std::string& target,
                                 const std::function<void(std::uint64_t)>& progress,
                                 std::uint64_t log_bytes_max) {
  const auto log_bytes = [this] {
    std::error_code missing;
    const auto bytes = std::filesystem::file_size(path_ + "-wal", missing);
    return missing ? std::uintmax_t{0} : bytes;
  };
  const std::uintmax_t log_bytes_before = log_bytes();
  // Made here rather than by SQLite, so nobody else can read it for a moment.
  const int fd = ::open(target.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) {
    return make_error(ErrorCode::already_exists,
                      fmt::format("{} exists already; name another file", target));
  }
  if (fd < 0) return cannot("make", target, errno);
  ::close(fd);

  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(target.c_str(), &opened,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database out(opened);
  if (code != SQLITE_OK) return copy_error(out.get(), code, target, path_);
  sqlite3_extended_result_codes(out.get(), 1);
  // A copy that fails is thrown away, so it needs neither a journal nor order on the disk.
  sqlite3_exec(out.get(), "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nullptr,
               nullptr, nullptr);
  sqlite3_backup* const copy =
      sqlite3_backup_init(out.get(), "main", source_->handle(), "main");
  if (copy == nullptr) {
    return copy_error(out.get(), sqlite3_extended_errcode(out.get()), target, path_);
  }
  // Load-bearing: the transaction that begin() holds. Without it each step would see the
  // newest state, and begin the copy anew whenever somebody had written.
  int step = SQLITE_OK;
  while (step == SQLITE_OK) {
    step = sqlite3_backup_step(copy, kStepPages);
    const int total = sqlite3_backup_pagecount(copy);
    const int left = sqlite3_backup_remaining(copy);
    if (step == SQLITE_OK && log_bytes() > log_bytes_before + log_bytes_max) {
      sqlite3_backup_finish(copy);
      return make_error(
          ErrorCode::unavailable,
          fmt::format("the copy of {} was abandoned: its log grew by {} MiB meanwhile, and "
                      "cannot be emptied before the copy is done; copy it at a time when "
                      "less is written, or to a faster disk",
                      path_, log_bytes_max >> 20));
    }
    if (progress && total > 0) {
      progress(bytes_ / static_cast<std::uint64_t>(total) *
               static_cast<std::uint64_t>(total - left));
    }
  }
  const int finished = sqlite3_backup_finish(copy);
  if (step != SQLITE_DONE || finished != SQLITE_OK) {
    return copy_error(out.get(), step != SQLITE_DONE ? step : finished, target, path_);
  }
  out.reset();
  // It has all that the log of the source has.
  if (mark_of_file(target) == kMarkOpen && !mark_copy_as_closed(target)) {
    return cannot("write", target, errno);
  }
  return sync_file(target);
}

}  // namespace trawl::sqlite
