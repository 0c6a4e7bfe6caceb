#pragma once

#include <cstddef>

#include "base/json.h"
#include "base/result.h"

namespace trawl {

// Bytes that defaults may add to the inputs of one request.
inline constexpr std::size_t kInputDefaultsMax = 4 << 20;

// Checks the inputs of a request against its input schema and fills in defaults.
// `schema` maps a name to {type, required?, default?, enum?, items?, …}; {"properties":
// {…}} around it is accepted, then also with a list of required names next to it. Inputs
// that the schema does not name pass through, and null counts as missing. Strings that
// spell a number or a boolean are converted where the schema wants one; so is 10.0 where
// it wants an integer. A list fits an enum also if each of its items does.
//   invalid  a required input is missing, a value is of another type or not in enum, or
//            the schema itself is malformed; the location is inputs.NAME or
//            input_schema.NAME
Result<json::object> bind_inputs(const json::value* schema, json::object inputs);

}  // namespace trawl
