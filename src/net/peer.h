#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"
#include "net/circuit_breaker.h"
#include "net/concurrency_limit.h"
#include "net/http_client.h"
#include "net/retry.h"
#include "runtime/deadline.h"
#include "runtime/stop.h"

namespace trawl::net {

struct PeerOptions {
  std::string name;  // As messages begin: "the provider 'x' (https://api.example.com)".
  HttpClientOptions client;
  // For one question: the wait for a place, all tries, and the waits between them.
  std::chrono::milliseconds timeout{30'000};
  std::size_t concurrency = 4;  // Questions at the same time.
  RetryPolicy retry;
  BreakerPolicy breaker;
  // Asked before each try; its error is the answer, below the name. Null: nobody.
  std::function<Result<void>()> before_try;
};

// Somebody who is asked over HTTP, by many at the same time, and who may be slow, busy or
// gone. A question that fails for a reason that passes (no connection, a broken one, 408,
// 429, 5xx) is asked again; so it must be one that may be asked twice. Thread-safe.
class Peer {
 public:
  explicit Peer(PeerOptions options);

  // Waits for the answer: a reply of any status, after as many tries as make sense within
  // the time. A task of a worker pool waits without its slot.
  //   timeout      the deadline, or the time of one question, passed
  //   cancelled    the token stopped
  //   unavailable  as HttpClient::send(), or the breaker is open
  //   errors of before_try
  Result<HttpReply> ask(const HttpRequest& request, const StopToken& stop,
                        Deadline deadline) const;

 private:
  // Whether the other side answered, failed, or neither, as far as the breaker goes.
  void note(const HttpOutcome& outcome, CircuitBreaker::Clock::time_point began) const;
  Error describe(Error error) const;
  Result<HttpReply> answer_of(HttpOutcome outcome) const;

  const PeerOptions options_;
  const HttpClient client_;
  mutable ConcurrencyLimit places_;
  mutable CircuitBreaker breaker_;
};

}  // namespace trawl::net
