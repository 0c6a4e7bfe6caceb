#pragma once

#include "base/clock.h"
#include "base/object_reader.h"
#include "base/result.h"
#include "insight/replay.h"

namespace trawl::api {

// Reads `as_of`: "then", the default, "now" or a time, into as_of and time of the request.
//   invalid
Result<void> read_as_of(ObjectReader& in, TimeUs now, ReplayRequest& out);

}  // namespace trawl::api
