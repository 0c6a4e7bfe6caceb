#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// Opens a database that another process may be using, to read it: nothing in it changes,
// and a log that a dead process left stays what it is.
//   not_found    there is no such file
//   and what Connection::open() fails with
Result<std::unique_ptr<Connection>> open_for_reading(const std::string& path);

// One state of a database, held by a read transaction and copied page by page. Writers go
// on meanwhile; their log cannot be emptied until this is destroyed, so it grows.
// Used by one thread at a time.
class DatabaseCopy {
 public:
  // Fails as open_for_reading().
  static Result<DatabaseCopy> begin(const std::string& path);

  // To look into the state that is copied.
  Connection& source() { return *source_; }
  std::uint64_t bytes() const { return bytes_; }  // Of the whole copy.

  // What the log of the source may grow by while its state is held: 4 GiB.
  static constexpr std::uint64_t kLogBytesMax = std::uint64_t{4} << 30;

  // Writes the state to a new file that is on disk when this returns; its owner alone can
  // read it. `progress` is told the bytes that are written so far.
  //   already_exists  there is such a file
  //   unavailable     the log of the source grew by more than log_bytes_max meanwhile
  //   cannot_store    the disk is full
  //   storage         the disk refused, or the source is damaged; the message names the
  //                   file. What was written is left.
  Result<void> write(const std::string& target,
                     const std::function<void(std::uint64_t bytes)>& progress,
                     std::uint64_t log_bytes_max = kLogBytesMax);

 private:
  DatabaseCopy(std::string path, std::unique_ptr<Connection> source,
               Transaction transaction, std::uint64_t bytes)
      : path_(std::move(path)),
        source_(std::move(source)),
        transaction_(std::move(transaction)),
        bytes_(bytes) {}

  std::string path_;
  std::unique_ptr<Connection> source_;
  Transaction transaction_;  // Ends before its connection does.
  std::uint64_t bytes_;
};

}  // namespace trawl::sqlite
