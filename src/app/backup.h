#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace trawl::app {

struct BackupReport {
  struct File {
    std::string name;
    std::uint64_t bytes = 0;
  };
  std::vector<File> files;
  std::uint64_t bytes = 0;       // Of all files.
  std::uint64_t executions = 0;  // In the copied history.
};

// Called on the caller's thread; the total may still grow.
using BackupProgress = std::function<void(std::uint64_t bytes, std::uint64_t bytes_total)>;

// Copies a data directory, which a server may be writing to, so a server can be
// started on the copy. The copy holds every execution that was acknowledged before the
// call. It has no lexical indexes: those are derived, and the next start builds them.
//
// The files come to be in TARGET.partial, which is given its name when all are on disk: a
// backup that failed or was killed leaves at most that folder, which the next one clears.
// `replace` lets TARGET be an earlier backup, which is swapped for the new one at once.
//
//   not_found       there is no data directory
//   already_exists  TARGET is not empty, or, with `replace`, holds what no backup holds
//   invalid         TARGET is the data directory, within it, around it, or a mount point
//   unavailable     a server has TARGET, another backup is writing to it, or the log of a
//                   database grew too long meanwhile (sqlite/copy.h)
//   cannot_store    the disk is too full
//   storage         the disk refused, or a database is damaged or lacks its log
// After an error TARGET is what it was, unless the disk failed at the last moment.
Result<BackupReport> back_up(const std::string& data_dir, const std::string& target,
                             bool replace, const BackupProgress& progress);

}  // namespace trawl::app
