#pragma once

#include <string>

#include "api/wire/request_shape.h"
#include "base/json.h"

namespace trawl::api {

// What a description says otherwise than the declaration of its route: a query parameter or
// a member of the body that only one of them has, or whether others are taken, at every
// level that has a shape. Empty where they agree. `operation` and `components` are those of
// an OpenAPI document whose parameters are written out.
std::string difference_from(const RequestShape& shape, const json::object& operation,
                            const json::object& components);

}  // namespace trawl::api
