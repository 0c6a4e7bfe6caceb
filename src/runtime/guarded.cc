#include "runtime/guarded.h"

#include <spdlog/spdlog.h>

namespace trawl {

void log_thrown(std::string_view where, const char* what) noexcept {
  try {
    spdlog::error("{} failed: {}", where, what);
  } catch (...) {
    // No memory for a line of the log.
  }
}

Error error_of(Thrown thrown) {
  if (thrown == Thrown::no_memory) {
    return make_error(
        ErrorCode::unavailable,
        "the server does not have enough memory for this now; try again shortly, or "
        "ask for less at once");
  }
  return make_error(ErrorCode::internal,
                    "the server failed on this request; its log has more under the request "
                    "id");
}

}  // namespace trawl
