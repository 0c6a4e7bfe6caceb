#pragma once

#include "catalog/catalog.h"
#include "ledger/ledger.h"

namespace trawl::api {

// Has the ledger follow the corpus, which is the one that says which namespaces there are:
// removes the history of each deleted namespace, and then the note that it is to be
// removed. What fails is logged and done by a later call. For the start, after each
// deletion, and now and then. Thread-safe.
void remove_deleted_histories(Catalog& catalog, Ledger& ledger);

}  // namespace trawl::api
