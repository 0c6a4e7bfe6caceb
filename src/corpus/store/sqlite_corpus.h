#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"

namespace trawl {

struct CorpusOptions {
  std::string directory;  // Made when missing.
  // How long the documents of older versions are kept after they were replaced or deleted,
  // at least: for those who read them just then.
  std::int64_t keep_superseded_us = kMicrosPerDay;
  std::size_t filter_cache_bytes = std::size_t{64} << 20;
  std::uint32_t index_flush_rows = 32'768;  // As lexical::IndexOptions::flush_rows.
  std::int64_t rest_factor = 100;  // What rewrites indexes rests so many times as long.
  std::uint32_t renumber_rows_min = 4'096;  // Fewer removed rows cost too little to matter.
  const Clock* clock = &system_clock();
};

// The embedded engine: a corpus with a catalog of its own, since both are one file, and
// what deletes a collection deletes its documents in the same step.
class EmbeddedCorpus : public Catalog, public Corpus {};

// Opens the corpus that is kept in DIRECTORY/corpus.db (SQLite, the source of truth) and
// DIRECTORY/index (derived: what is missing there is indexed again before this returns).
// One process at a time may have it open; DirectoryLock sees to that. A `change` that is
// given to an update may read from the corpus but must not write to it. Snapshots may
// outlive the corpus.
//   storage  the files cannot be opened, are damaged, or come from a newer version
Result<std::unique_ptr<EmbeddedCorpus>> open_corpus(CorpusOptions options);

}  // namespace trawl
