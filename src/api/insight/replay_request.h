#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/object_reader.h"
#include "base/result.h"
#include "insight/replay.h"

namespace trawl::api {

// What a replay is asked for: as_of, set and externals; inputs are left to the caller. What
// the reader finds wrong is in its status().
//   invalid  as_of is no word and no time
Result<ReplayRequest> read_replay_request(ObjectReader& in, TimeUs now);

// "then", "now", or the time.
std::string as_of_text(const ReplayRequest& request);
// "recorded", "live", "fail"
std::string_view name_of(Externals externals);

}  // namespace trawl::api
