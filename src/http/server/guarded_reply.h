#pragma once

#include <spdlog/spdlog.h>

#include <string_view>
#include <utility>

#include "http/message/message.h"
#include "runtime/guarded.h"

namespace trawl::http {

// Runs what owes a reply to the request, and answers in its place where it throws: 503
// where there was no memory, else 500. `doing` is for the log.
template <class Function>
void answer_guarded(const Request& request, std::string_view doing, const Reply& reply,
                    Function&& function) noexcept {
  const Thrown thrown = run_guarded(doing, std::forward<Function>(function));
  if (thrown == Thrown::nothing) return;
  run_guarded("an answer to that", [&] {
    spdlog::error("{} {} {}: the handler failed", request.request_id, request.method,
                  request.path);
    reply(error_response(error_of(thrown), request.request_id));
  });
}

}  // namespace trawl::http
