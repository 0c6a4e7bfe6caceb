#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "api/services.h"
#include "base/work_limit.h"
#include "runtime/stop.h"

namespace trawl::api {

// How long a request may compute: as long as it says itself, at most as long as the
// operator lets any (limits.request_ms_max), while its client is there and the server runs.
// For bounded(), on the thread that does the work.
class RequestTime {
 public:
  // From now on. `named_ms` is what the request says in `name`, a member of its body.
  explicit RequestTime(const Services& services, const http::Request& request,
                       std::optional<std::int64_t> named_ms = {}, std::string name = {});
  RequestTime(const RequestTime&) = delete;
  RequestTime& operator=(const RequestTime&) = delete;

  //   timeout    the time is over
  //   cancelled  the client left, or the server is stopping
  Result<void> check() const;
  operator const Checkpoint&() const { return checkpoint_; }

 private:
  const StopToken stop_;
  const std::string name_;       // Of what the request says; empty: the ceiling counts.
  const std::int64_t limit_ms_;  // 0: none
  const std::int64_t begun_us_;
  const Checkpoint checkpoint_;
};

// The shorter of what a request says and the ceiling of the server; 0: no limit.
std::int64_t capped_ms(const Services& services, std::int64_t named_ms);

}  // namespace trawl::api
