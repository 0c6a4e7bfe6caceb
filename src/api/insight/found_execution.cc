#include "api/insight/found_execution.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace trawl::api {

Result<Execution> found_execution(const Services& services, const Namespace& ns,
                                  const std::string& id, const std::string& location) {
  TRAWL_ASSIGN(auto found, services.ledger.find(ns.id, ExecutionId(id)));
  if (found) return std::move(*found);
  Error error =
      make_error(ErrorCode::not_found,
                 fmt::format("the execution '{}' does not exist in the namespace '{}'",
                             truncate_text(id, 100), ns.name));
  error.location = location;
  return error;
}

}  // namespace trawl::api
