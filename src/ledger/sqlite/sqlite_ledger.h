#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "ledger/ledger.h"

namespace trawl {

struct SqliteLedgerOptions {
  bool keep_pages = true;  // First pages in memory until the history changes; PageCache.
};

// The ledger in one SQLite file, made when it is missing. A commit that returned survives
// a power cut. maintain() must be called now and then: it indexes what was recorded, closes
// row groups, moves the log into the main file and deletes what remove_namespace() hid. One
// process at a time may write to a file; others may read it.
//   storage       the file cannot be opened, is damaged, or was made by a newer version
//   cannot_store  the file has yet to be made or migrated, and the disk is full
//   unavailable   another process writes to it
Result<std::unique_ptr<Ledger>> open_sqlite_ledger(const std::string& path,
                                                   const SqliteLedgerOptions& options = {});

}  // namespace trawl
