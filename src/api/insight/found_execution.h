#pragma once

#include <string>

#include "api/wire/endpoint.h"
#include "base/result.h"
#include "model/execution.h"

namespace trawl::api {

// The execution of the namespace with that id. `location` is that of the id in the body;
// empty for one of the path.
//   not_found
Result<Execution> found_execution(const Services& services, const Namespace& ns,
                                  const std::string& id, const std::string& location = {});

}  // namespace trawl::api
