#pragma once

#include <string>

#include "api/services.h"
#include "base/result.h"
#include "model/execution.h"

namespace trawl::api {

// Adds the member `autopsy` to the detail of an execution.
Result<void> add_autopsy(const Services& services, const NamespaceId& ns,
                         const ExecutionId& id, std::string& detail);

}  // namespace trawl::api
