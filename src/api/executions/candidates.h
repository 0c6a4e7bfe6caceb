#pragma once

#include <optional>
#include <string_view>

#include "api/services.h"
#include "model/recorded_candidates.h"

namespace trawl::api {

// ?candidates=A..B of one execution; nothing where it was not sent.
//   invalid  it is not two places, of which the first is not behind the second
Result<std::optional<PlaceRange>> read_candidates(const http::Request& request);

// GET /v1/retrievers/executions/{execution_id}/stages/{stage}/candidates
void add_candidate_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
