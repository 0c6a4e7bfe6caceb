#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sqlite/passing_file_test_support.h"

namespace trawl::test {

// What a disk holds for sure and what it may lose: for every file the bytes of its last
// sync and each change since, and for every name the files that it may lead to, since a
// directory needs a sync of its own. Not thread-safe.
class DiskMemory {
 public:
  // One file under one name. A file that is deleted and made again is another one.
  struct File {
    std::string durable;
    struct Change {
      std::uint64_t offset = 0;
      std::string bytes;
      bool truncates = false;  // To `offset`.
    };
    std::vector<Change> changes;  // Since the last sync, in order.
  };
  using Inode = std::shared_ptr<File>;

  // What was on the disk before anybody watched is durable.
  Inode found(const std::string& path) {
    auto& versions = names_[path];
    if (versions.empty()) {
      auto file = std::make_shared<File>();
      std::ifstream in(path, std::ios::binary);
      file->durable.assign(std::istreambuf_iterator<char>(in), {});
      versions.push_back(std::move(file));
    }
    return versions.back();
  }
  Inode created(const std::string& path) {
    auto& versions = names_[path];
    if (versions.empty()) versions.push_back(nullptr);
    versions.push_back(std::make_shared<File>());
    return versions.back();
  }
  void deleted(const std::string& path) {
    found(path);
    names_[path].push_back(nullptr);
  }
  void sync_names() {
    for (auto& [path, versions] : names_) {
      versions.erase(versions.begin(), versions.end() - 1);
    }
  }
  static void sync(File& file) {
    for (const File::Change& change : file.changes) {
      apply(file.durable, change, 0, change.bytes.size());
    }
    file.changes.clear();
  }
  // As Linux does it: what could not be written counts as written from now on, so the
  // next sync succeeds without it.
  static void fail_to_sync(File& file, std::mt19937_64& random) {
    std::erase_if(file.changes, [&](const File::Change&) { return random() % 2 == 0; });
    sync(file);
  }

  // The files as a power cut may leave them, by path: the system has written out any part
  // of what was not synced, in any order, sector by sector, and the sector it was at is
  // torn.
  std::map<std::string, std::string> after_power_cut(std::mt19937_64& random) const {
    // Mostly in between; the ends are a system that writes out nothing, or all.
    static constexpr int kKeptPercent[] = {0, 5, 50, 80, 95, 100};
    const std::uint64_t sector = random() % 2 == 0 ? 512 : 4096;
    const auto kept = static_cast<std::uint64_t>(kKeptPercent[random() % 6]);
    std::map<std::string, std::string> out;
    for (const auto& [path, versions] : names_) {
      const auto& file =
          random() % 100 < kept ? versions.back() : versions[random() % versions.size()];
      if (file == nullptr) continue;
      std::string bytes = file->durable;
      for (const File::Change& change : file->changes) {
        if (change.truncates) {
          if (random() % 100 < kept) apply(bytes, change, 0, 0);
          continue;
        }
        for (std::uint64_t at = 0; at < change.bytes.size();) {
          const std::uint64_t to_border = sector - (change.offset + at) % sector;
          const std::uint64_t size =
              std::min<std::uint64_t>(to_border, change.bytes.size() - at);
          const bool torn = random() % 50 == 0;
          const std::uint64_t written = torn ? random() % (size + 1) : size;
          if (random() % 100 < kept) apply(bytes, change, at, written);
          at += size;
        }
      }
      out[path] = std::move(bytes);
    }
    return out;
  }

 private:
  static void apply(std::string& bytes, const File::Change& change, std::uint64_t from,
                    std::uint64_t size) {
    if (change.truncates) {
      bytes.resize(std::min<std::uint64_t>(bytes.size(), change.offset));
      return;
    }
    if (size == 0) return;
    const std::uint64_t start = change.offset + from;
    if (bytes.size() < start + size) bytes.resize(start + size, '\0');
    std::memcpy(bytes.data() + start, change.bytes.data() + from, size);
  }

  // What a name may lead to, null for nothing: the synced one first, the newest last.
  std::map<std::string, std::vector<Inode>> names_;
};

// While one of these lives, every SQLite file of this process that is opened goes through
// it to the real disk. It counts what changes the disk (writes, syncs, truncations,
// deletions), makes chosen ones of them fail, and knows what a power cut would leave.
//
// One at a time; its files have to be closed before it goes. Thread-safe.
class FaultyDisk {
 public:
  enum class Durability {
    full,       // A sync is a sync.
    main_file,  // Syncs of the log are skipped: synchronous=NORMAL, or a disk that lies.
    none,       // All are: synchronous=OFF.
  };

  explicit FaultyDisk(Durability durability = Durability::full)
      : durability_(durability), real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    vfs_.zName = "faulty";
    vfs_.szOsFile = static_cast<int>(sizeof(Handle)) + real_->szOsFile;
    vfs_.pAppData = this;
    vfs_.pNext = nullptr;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // Operations first..last fail, counted from 1.
  void fail(std::uint64_t first, std::uint64_t last) {
    const std::lock_guard lock(mutex_);
    fail_first_ = first;
    fail_last_ = last;
  }
  // From this operation on, nothing reaches the disk and everything fails.
  void cut_power_at(std::uint64_t operation) {
    const std::lock_guard lock(mutex_);
    cut_at_ = operation;
  }

  std::uint64_t operations() const {
    const std::lock_guard lock(mutex_);
    return operations_;
  }
  std::uint64_t failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
  }
  bool power_is_cut() const {
    const std::lock_guard lock(mutex_);
    return operations_ >= cut_at_;
  }
  // Puts what is left of each file into another directory.
  void write_remains(std::mt19937_64& random, const std::string& directory) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, bytes] : memory_.after_power_cut(random)) {
      const auto name = std::filesystem::path(path).filename().string();
      std::ofstream(directory + "/" + name, std::ios::binary) << bytes;
    }
  }

 private:
  // A file of SQLite's: this, and behind it the real one.
  struct Handle {
    sqlite3_file base;
    FaultyDisk* disk;
    DiskMemory::Inode inode;  // Null for a temporary file without a name.
    bool is_log;
    bool syncs_names;  // As the real one does when it syncs a new journal or log.
  };

  using Passing = PassingFile<Handle>;
  static Handle& handle(sqlite3_file* file) { return Passing::handle(file); }
  static sqlite3_file* real(sqlite3_file* file) { return Passing::real(file); }

  // Counts an operation and says whether it is to fail. With mutex_ held.
  bool fails() {
    ++operations_;
    const bool fail =
        operations_ >= cut_at_ || (operations_ >= fail_first_ && operations_ <= fail_last_);
    if (fail) ++failures_;
    return fail;
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
                  int* out_flags) {
    FaultyDisk& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
    const std::lock_guard lock(disk.mutex_);
    const bool existed = name != nullptr && std::filesystem::exists(name);
    file->pMethods = nullptr;
    if (!existed && disk.operations_ >= disk.cut_at_) return SQLITE_CANTOPEN;
    if (const int code = disk.real_->xOpen(disk.real_, name, real(file), flags, out_flags);
        code != SQLITE_OK) {
      return code;
    }
    auto* const opened = new (file) Handle{};
    opened->base.pMethods = methods();
    opened->disk = &disk;
    opened->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    constexpr int kJournals =
        SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
    opened->syncs_names = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & kJournals) != 0;
    if (name != nullptr) {
      opened->inode = existed ? disk.memory_.found(name) : disk.memory_.created(name);
    }
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
    FaultyDisk& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
    const std::lock_guard lock(disk.mutex_);
    if (!std::filesystem::exists(name)) return SQLITE_IOERR_DELETE_NOENT;
    if (disk.fails()) return SQLITE_IOERR_DELETE;
    disk.memory_.deleted(name);
    const int code = disk.real_->xDelete(disk.real_, name, 0);
    if (sync_directory != 0 && disk.durability_ != Durability::none) {
      disk.memory_.sync_names();
    }
    return code;
  }

  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    Handle& to = handle(file);
    if (!to.inode) return real(file)->pMethods->xWrite(real(file), bytes, size, offset);
    const std::lock_guard lock(to.disk->mutex_);
    const bool fails = to.disk->fails();
    // A write that fails has often written a part.
    if (fails) size = to.disk->operations_ >= to.disk->cut_at_ ? 0 : size / 2;
    if (size > 0) {
      to.inode->changes.push_back(
          {static_cast<std::uint64_t>(offset),
           std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size)),
           false});
      const int code = real(file)->pMethods->xWrite(real(file), bytes, size, offset);
      if (code != SQLITE_OK) return code;
    }
    if (!fails) return SQLITE_OK;
    // A disk is full at one time and broken at another.
    return to.disk->operations_ % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }

  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    Handle& to = handle(file);
    if (!to.inode) return real(file)->pMethods->xTruncate(real(file), size);
    const std::lock_guard lock(to.disk->mutex_);
    if (to.disk->fails()) return SQLITE_IOERR_TRUNCATE;
    to.inode->changes.push_back({static_cast<std::uint64_t>(size), {}, true});
    return real(file)->pMethods->xTruncate(real(file), size);
  }

  // Never syncs for real: no test cuts the power of this machine.
  static int sync(sqlite3_file* file, int) {
    Handle& to = handle(file);
    if (!to.inode) return SQLITE_OK;
    const std::lock_guard lock(to.disk->mutex_);
    if (to.disk->fails()) {
      if (to.disk->operations_ < to.disk->cut_at_) {
        DiskMemory::fail_to_sync(*to.inode, to.disk->random_);
      }
      return SQLITE_IOERR_FSYNC;
    }
    const Durability durability = to.disk->durability_;
    if (durability == Durability::none) return SQLITE_OK;
    if (durability == Durability::main_file && to.is_log) return SQLITE_OK;
    DiskMemory::sync(*to.inode);
    if (std::exchange(to.syncs_names, false)) to.disk->memory_.sync_names();
    return SQLITE_OK;
  }

  static const sqlite3_io_methods* methods() {
    static constexpr sqlite3_io_methods kMethods = [] {
      sqlite3_io_methods methods = Passing::kMethods;
      methods.xWrite = write;
      methods.xTruncate = truncate;
      methods.xSync = sync;
      return methods;
    }();
    return &kMethods;
  }

  const Durability durability_;
  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  mutable std::mutex mutex_;
  // All guarded by mutex_.
  DiskMemory memory_;
  std::mt19937_64 random_;  // The same in every run.
  std::uint64_t operations_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t fail_first_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t fail_last_ = 0;
  std::uint64_t cut_at_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace trawl::test
