#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "ledger/ledger.h"

namespace trawl {

struct SqliteLedgerOptions {
  bool keep_pages = true;  // First pages in memory until the history changes; PageCache.
  // How often a thread of the ledger looks for upkeep; 0: it has none, and whoever opened
  // it calls maintain().
  std::int64_t maintain_every_us = 0;
};

class SqliteLedger : public Ledger {
 public:
  // Some of the work that need not delay a commit, such as moving the log into the main
  // file. Returns whether there is more to do now; what fails is logged, and tried again by
  // a later call.
  virtual bool maintain() = 0;
  // Writes something that changes nothing, to see whether the history can be written again
  // after a failure.
  //   cannot_store, storage  it cannot
  virtual Result<void> try_write() = 0;
};

// The ledger in one SQLite file, made when it is missing. A commit that returned survives
// a power cut. Upkeep indexes what was recorded, closes row groups, moves the log into the
// main file, deletes what remove_namespace() hid, and while the file cannot be written
// finds out when it can. One process at a time may write to a file; others may read it.
//   storage       the file cannot be opened, is damaged, or was made by a newer version
//   cannot_store  the file has yet to be made or migrated, and the disk is full
//   unavailable   another process writes to it
Result<std::unique_ptr<SqliteLedger>> open_sqlite_ledger(
    const std::string& path, const SqliteLedgerOptions& options = {});

}  // namespace trawl
