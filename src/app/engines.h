#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "corpus/engine.h"
#include "ledger/engine.h"

namespace trawl::app {

// The engine that a server has unless its configuration names another: SQLite files in the
// data directory. Backups and `trawl doctor` know only this one.
inline constexpr const char* kEmbedded = "embedded";

// The names of the engines there are, as a sentence has them: "a, b or c".
std::string_view ledger_engines();
std::string_view corpus_engines();
bool is_ledger_engine(std::string_view name);
bool is_corpus_engine(std::string_view name);

// Opens the engine of this name. Errors are those of the engine, and
//   invalid  there is no such engine
Result<std::unique_ptr<Ledger>> open_ledger_engine(std::string_view engine,
                                                   const LedgerOpening& opening);
Result<OpenedCorpus> open_corpus_engine(std::string_view engine,
                                        const CorpusOpening& opening);

}  // namespace trawl::app
