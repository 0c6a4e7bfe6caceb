#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "model/execution.h"

namespace trawl {

// The collection of that name or id: at its version among these, or else the newest.
//   not_found  no such collection, or the version is no longer kept
Result<std::shared_ptr<const Snapshot>> open_collection(
    const Catalog& catalog, const Corpus& corpus, const NamespaceId& namespace_id,
    std::string_view identifier, const std::vector<CollectionVersion>& versions);

}  // namespace trawl
