#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/executions/execution_list_body.h"
#include "base/json.h"
#include "base/result.h"

namespace trawl::api {

// Collections that were named and do not exist, with what to say of each.
using UnknownCollections = std::vector<std::pair<std::string, Error>>;

// Adds to `wanted` what a collection that is called `name` may be recorded as: its id, and
// the name itself, since what was imported may have anything for an id.
Result<void> add_collection(const std::string& name, const std::string& location,
                            const FindCollectionId& find, json::array& wanted,
                            UnknownCollections& unknown);

// The filter with the ids of the collections that it names, wherever it compares
// collection_ids for equality: {"collection_ids": "books"} finds what the member
// `collection_ids` of the body finds. `filter` is one that compiles.
Result<json::value> with_collection_ids(const json::value& filter,
                                        const FindCollectionId& find,
                                        UnknownCollections& unknown);

}  // namespace trawl::api
