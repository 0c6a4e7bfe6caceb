#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "model/collection.h"

namespace trawl {

// A collection at a version that a request asks for, at `location` in it.
//   invalid      there was never such a version
//   gone         it is no longer kept: since when, and which settings keep them longer
//   not_enabled  the engine keeps no versions
//   and what Corpus::snapshot() returns
Result<std::shared_ptr<const Snapshot>> asked_version(const Catalog& catalog,
                                                      const Corpus& corpus,
                                                      const Collection& collection,
                                                      std::uint64_t version,
                                                      const std::string& location);

}  // namespace trawl
