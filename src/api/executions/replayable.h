#pragma once

#include <string>
#include <string_view>

#include "api/services.h"

namespace trawl::api {

// What add_replayable() adds.
inline constexpr std::string_view kReplayableMembers[] = {"replayable", "not_replayable"};

// Adds to the JSON of an execution whether it can be run again over the documents that it
// searched, in its namespace: "replayable", and where it cannot, "not_replayable": {reason,
// since}, `since` null where that was never so, or is not known.
void add_replayable(const Services& services, const NamespaceId& ns, std::string& detail);

}  // namespace trawl::api
