#pragma once

#include "base/json.h"

namespace trawl::api {

// Completes a part of the description from the table of recorded fields: an object with
// "x-recorded-fields" loses that and gets, of the fields that are meant,
//
//   "row"         the properties of a list's row, all required
//   "record"      the properties of all that a record shows
//   "conditions"  the properties of a body that have to be equal to a text
//   "parameters"  in a list of parameters: the same, each a parameter of the query
//   "names"       an enum of the names on the wire
//   "sorts"       an enum of what a list can be ordered by
//   "order"       the pattern of such a name with a sign
//
// What a file says of a property itself comes before what the table says of it.
void describe_recorded_fields(json::value& part);

}  // namespace trawl::api
