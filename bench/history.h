#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "execution_generator.h"

namespace trawl::bench {

// What bench.json in a data folder says of the history there: how it was made, so that
// every command makes the same executions again.
struct History {
  std::string directory;
  HistoryShape shape;
  // Only every n-th execution has its stages in the peers' tables, so a large
  // history fits on the disk three times; it makes the peers smaller, and so no slower.
  std::uint64_t peer_details_every = 1;
  std::uint64_t next = 0;  // The number of the next execution to record.

  std::string ledger_path() const { return directory + "/ledger.db"; }
};

//   not_found  there is no such file; `ledger_bench fill` makes it
//   invalid    it is not what save_history() writes
Result<History> load_history(const std::string& directory);
Result<void> save_history(const History& history);

}  // namespace trawl::bench
