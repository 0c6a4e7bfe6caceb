#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "ledger/ledger.h"

namespace trawl {

// What a server gives an engine of the ledger to open with.
struct LedgerOpening {
  std::string directory;  // The server's data directory, which is there; others are in it.
  // Names the server, also after it was started again; no other that shares the history has
  // this name. For engines with leases.
  std::string server = {};
};

// Errors are those of the engine; whatever they are, the server does not start.
using LedgerOpener = Result<std::unique_ptr<Ledger>>(const LedgerOpening&);

}  // namespace trawl
