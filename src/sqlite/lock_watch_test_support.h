#pragma once

#include <sqlite3.h>

#include <chrono>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <thread>

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

  static Handle& handle(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
  static sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<Handle*>(file) + 1);
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
                  int* out_flags) {
    LockWatch& watch = *static_cast<LockWatch*>(vfs->pAppData);
    file->pMethods = nullptr;
    const int code = watch.real_->xOpen(watch.real_, name, real(file), flags, out_flags);
    if (code != SQLITE_OK) return code;
    auto* const opened = new (file) Handle{};
    opened->base.pMethods = &kMethods;
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

  static int close(sqlite3_file* file) {
    const int code = real(file)->pMethods->xClose(real(file));
    handle(file).~Handle();
    file->pMethods = nullptr;
    return code;
  }
  static int read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
    return real(file)->pMethods->xRead(real(file), bytes, size, offset);
  }
  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    return real(file)->pMethods->xWrite(real(file), bytes, size, offset);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    return real(file)->pMethods->xTruncate(real(file), size);
  }
  static int sync(sqlite3_file*, int) { return SQLITE_OK; }
  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return real(file)->pMethods->xFileSize(real(file), size);
  }
  static int lock(sqlite3_file* file, int level) {
    return real(file)->pMethods->xLock(real(file), level);
  }
  static int unlock(sqlite3_file* file, int level) {
    return real(file)->pMethods->xUnlock(real(file), level);
  }
  static int check_reserved_lock(sqlite3_file* file, int* locked) {
    return real(file)->pMethods->xCheckReservedLock(real(file), locked);
  }
  static int file_control(sqlite3_file* file, int operation, void* argument) {
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
  }
  static int sector_size(sqlite3_file* file) {
    return real(file)->pMethods->xSectorSize(real(file));
  }
  static int device_characteristics(sqlite3_file* file) {
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
  }
  static int shm_map(sqlite3_file* file, int region, int size, int extend,
                     void volatile** out) {
    return real(file)->pMethods->xShmMap(real(file), region, size, extend, out);
  }
  static void shm_barrier(sqlite3_file* file) {
    real(file)->pMethods->xShmBarrier(real(file));
  }
  static int shm_unmap(sqlite3_file* file, int remove_it) {
    return real(file)->pMethods->xShmUnmap(real(file), remove_it);
  }

  static constexpr sqlite3_io_methods kMethods = {2,
                                                  close,
                                                  read,
                                                  write,
                                                  truncate,
                                                  sync,
                                                  file_size,
                                                  lock,
                                                  unlock,
                                                  check_reserved_lock,
                                                  file_control,
                                                  sector_size,
                                                  device_characteristics,
                                                  shm_map,
                                                  shm_lock,
                                                  shm_barrier,
                                                  shm_unmap,
                                                  nullptr,
                                                  nullptr};

  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  mutable std::mutex mutex_;
  std::map<std::string, File> files_;  // By path. Guarded by mutex_.
};

}  // namespace trawl::test
