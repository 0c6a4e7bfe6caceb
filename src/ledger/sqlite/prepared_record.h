#pragma once

#include <string>

#include "ledger/ledger.h"
#include "ledger/sqlite/record.h"

namespace trawl::sqlite {

// What can be made of a write before its turn to be written comes.
struct PreparedRecord final : PreparedWrite {
  EncodedRecord encoded;
  std::string terms;  // bare_terms(); empty: left to maintenance.
};

// Null: this write has none.
inline const PreparedRecord* prepared_of(const LedgerWrite& write) {
  return dynamic_cast<const PreparedRecord*>(write.prepared.get());
}

}  // namespace trawl::sqlite
