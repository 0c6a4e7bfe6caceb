#pragma once

#include <sqlite3.h>

#include <chrono>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <thread>

#include "sqlite/passing_file_test_support.h"

namespace trawl::test {

// While one of these lives, every SQLite file of this process that is opened goes through
// it, and it watches who holds which lock of a write-ahead log. A checkpoint takes some
// time in here, so a commit that may go on meanwhile does.
//
// One at a time; its files have to be closed before it goes. Thread-safe.
class LockWatch {
 public:
  LockWatch() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    vfs_.zName = "watched";
    vfs_.szOsFile = static_cast<int>(sizeof(Handle)) + real_->szOsFile;
    vfs_.pAppData = this;
    vfs_.pNext = nullptr;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~LockWatch() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  LockWatch(const LockWatch&) = delete;
  LockWatch& operator=(const LockWatch&) = delete;

  struct Counts {
    int checkpoints = 0;
    int commits = 0;   // Transactions that wrote, or were about to.
    int overlaps = 0;  // One of each at a time, by two connections.
  };
  Counts counts(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(path);
    return found == files_.end() ? Counts() : found->second.counts;
  }

 private:
  // The two locks of a log (sqlite.org/walformat.html, "WAL locks").
  static constexpr int kWrite = 0;
  static constexpr int kCheckpoint = 1;

  struct File {
    Counts counts;
    const void* holders[2] = {nullptr, nullptr};
  };
  // A file of SQLite's: this, and behind it the real one.
  struct Handle {
    sqlite3_file base;
    LockWatch* watch;
    File* file;  // Null for what is not a database.
  };

  using Passing = PassingFile<Handle>;
  static Handle& handle(sqlite3_file* file) { return Passing::handle(file); }
  static sqlite3_file* real(sqlite3_file* file) { return Passing::real(file); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
                  int* out_flags) {
    LockWatch& watch = *static_cast<LockWatch*>(vfs->pAppData);
    file->pMethods = nullptr;
    const int code = watch.real_->xOpen(watch.real_, name, real(file), flags, out_flags);
    if (code != SQLITE_OK) return code;
    auto* const opened = new (file) Handle{};
    opened->base.pMethods = methods();
    opened->watch = &watch;
    if (name != nullptr && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
      const std::lock_guard lock(watch.mutex_);
      opened->file = &watch.files_[name];
    }
    return SQLITE_OK;
  }

  static int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    Handle& of = handle(file);
    const bool takes = (flags & SQLITE_SHM_LOCK) != 0;
    const bool is_watched =
        of.file != nullptr && offset <= kCheckpoint && (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if (is_watched && !takes) {
      const std::lock_guard lock(of.watch->mutex_);
      for (int i = offset; i < offset + count && i <= kCheckpoint; ++i) {
        of.file->holders[i] = nullptr;
      }
    }
    const int code = real(file)->pMethods->xShmLock(real(file), offset, count, flags);
    // Recovery takes all of the locks at once, before anybody reads.
    if (!is_watched || !takes || code != SQLITE_OK || count > 1) return code;
    {
      const std::lock_guard lock(of.watch->mutex_);
      of.file->holders[offset] = file;
      ++(offset == kWrite ? of.file->counts.commits : of.file->counts.checkpoints);
      const void* const other = of.file->holders[1 - offset];
      if (other != nullptr && other != file) ++of.file->counts.overlaps;
    }
    if (offset == kCheckpoint) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return code;
  }

  static const sqlite3_io_methods* methods() {
    static constexpr sqlite3_io_methods kMethods = [] {
      sqlite3_io_methods methods = Passing::kMethods;
      methods.xShmLock = shm_lock;
      return methods;
    }();
    return &kMethods;
  }

  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  mutable std::mutex mutex_;
  std::map<std::string, File> files_;  // By path. Guarded by mutex_.
};

}  // namespace trawl::test
