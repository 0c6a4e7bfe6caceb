#pragma once

#include <string>

#include "api/paging.h"
#include "api/services.h"
#include "ledger/execution_filter.h"

namespace trawl::api {

// The body of POST /v1/retrievers/executions/list, read and resolved.
struct ExecutionListBody {
  ExecutionFilter filter;
  std::string canonical;  // Of what was sent, without nulls: what a cursor is bound to.
};

// Strict: an unknown key is refused with the nearest known one, since a misspelt filter
// that silently matches everything is worse than an error.
Result<ExecutionListBody> parse_execution_list_body(const json::object& body,
                                                    const NamespaceId& namespace_id,
                                                    TimeUs now);

void add_execution_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
