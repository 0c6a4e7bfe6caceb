#pragma once

#include "api/executions/execution_list_body.h"
#include "api/services.h"
#include "base/result.h"
#include "base/strong_id.h"

namespace trawl::api {

// Reads the catalog for parse_execution_list_body().
FindCollectionId find_collection_id_in(const Catalog& catalog, const NamespaceId& ns);

// A condition on a collection that there is not, and never was as far as the history says,
// matches nothing: that is a misspelt name. Reads the history where it has to: not for a
// thread that serves sockets.
//   not_found  with its place, and the nearest name
Result<void> refuse_unknown_collections(const Services& services,
                                        const ExecutionListBody& body);

}  // namespace trawl::api
