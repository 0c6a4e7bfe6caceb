#pragma once

#include "api/wire/endpoint.h"

namespace trawl::api {

// GET /v1/collections/{collection}/documents/count: {collection_id, count}.
Result<http::Response> count_documents(const Services& services, Call& call);

// POST /v1/collections/{collection}/documents/distinct: the values that a field has and how
// many documents have each, the most frequent first. {field, filters?, limit?}. Of an array
// each different item counts once; nulls and missing fields do not count.
Result<http::Response> list_distinct_values(const Services& services, Call& call);

// POST /v1/documents/batch-get: documents of any collection by their ids, in the order
// asked for, and the ids that no collection has.
Result<http::Response> get_documents(const Services& services, Call& call);

}  // namespace trawl::api
