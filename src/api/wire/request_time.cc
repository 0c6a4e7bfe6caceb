#include "api/wire/request_time.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "runtime/turn.h"

namespace trawl::api {
namespace {

Error out_of_time(const std::string& name, std::int64_t limit_ms) {
  std::string message =
      name.empty()
          ? fmt::format(
                "the request did not finish within {} ms, the most that this server allows "
                "one (limits.request_ms_max); ask for less at a time",
                limit_ms)
          : fmt::format(
                "the request did not finish within its {} of {}; raise it, or ask "
                "for less at a time",
                name, limit_ms);
  Error error = make_error(ErrorCode::timeout, std::move(message));
  // The same again would take as long again.
  error.facts = fmt::format(R"({{"limit_ms":{},"retryable":false}})", limit_ms);
  return error;
}

}  // namespace

std::int64_t capped_ms(const Services& services, std::int64_t named_ms) {
  const std::int64_t ceiling = services.limits.request_ms_max;
  return ceiling > 0 ? std::min(named_ms, ceiling) : named_ms;
}

RequestTime::RequestTime(const Services& services, const http::Request& request,
                         std::optional<std::int64_t> named_ms, std::string name)
    : stop_(request.stop),
      name_(named_ms && capped_ms(services, *named_ms) == *named_ms ? std::move(name)
                                                                    : std::string()),
      limit_ms_(named_ms ? capped_ms(services, *named_ms) : services.limits.request_ms_max),
      begun_us_(monotonic_us()),
      checkpoint_([this] { return check(); }) {}

Result<void> RequestTime::check() const {
  give_turn();
  if (limit_ms_ > 0 && monotonic_us() - begun_us_ >= limit_ms_ * 1'000) {
    return out_of_time(name_, limit_ms_);
  }
  switch (stop_.reason()) {
    case StopReason::none:
      return {};
    case StopReason::client_left:
      return make_error(ErrorCode::cancelled, "the client closed the connection");
    case StopReason::server_stopping:
      return make_error(ErrorCode::cancelled, "the server is stopping; try again");
  }
  return {};
}

}  // namespace trawl::api
