#pragma once

#include "api/wire/endpoint.h"

namespace trawl::api {

// POST /v1/collections/{collection}/documents/list: filters, search, sort, group_by, select
// and paging, read from the body first and then from the query. GET …/documents is the
// same without a body. Pages of one walk come from one version of the collection: the
// cursor names it.
//   invalid, bad_request  the query or the body
//   not_found             the collection, or a version that is no longer kept
Result<http::Response> list_documents(const Services& services, Call& call);
// What both of them take; in the query of a POST it is not described.
RequestShape document_list_shape(Described query);

// A filter as a request sent it; without one, one that every document passes.
//   invalid  the filter, at the location
Result<Filter> compile_filter(const json::value* filters, const std::string& location);

}  // namespace trawl::api
