#pragma once

#include "api/wire/endpoint.h"

namespace trawl::api {

// POST /v1/collections/{collection}/documents/list: filters, search, sort, group_by, select
// and paging, read from the body first and then from the query. GET …/documents is the
// same without a body. Pages of one walk come from one version of the collection: the
// cursor names it, and so may `version`.
//   invalid, bad_request  the query or the body, or a version that never was
//   not_found             the collection, or the version of a cursor is no longer kept
//   gone                  `version` is no longer kept
Result<http::Response> list_documents(const Services& services, Call& call);
// `version` of a query: which one of the collection to read; none for the newest.
//   invalid  not a whole number
Result<std::optional<std::uint64_t>> read_version(const http::Request& request);
// Names separated by commas, and in several parameters.
std::vector<std::string> query_names(const http::Request& request, std::string_view name);
// What both of them take; in the query of a POST it is not described.
RequestShape document_list_shape(Described query);

// A filter as a request sent it; without one, one that every document passes.
//   invalid  the filter, at the location
Result<Filter> compile_filter(const json::value* filters, const std::string& location);

}  // namespace trawl::api
