#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"

namespace trawl {

// What a server gives an engine of the corpus to open with.
struct CorpusOpening {
  std::string directory;  // The server's data directory, which is there; others are in it.
  // How long the documents of older versions are kept at least, for those who read them
  // just then; an engine without versions has no use for it.
  std::int64_t keep_superseded_us = 0;
};

// What an engine opened. Both may be one object.
struct OpenedCorpus {
  std::shared_ptr<Catalog> catalog;
  std::shared_ptr<Corpus> corpus;
};

// Errors are those of the engine; whatever they are, the server does not start.
using CorpusOpener = Result<OpenedCorpus>(const CorpusOpening&);

}  // namespace trawl
