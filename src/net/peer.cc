#include "net/peer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

#include "base/mutex.h"
#include "runtime/waiting.h"

namespace trawl::net {
namespace {

// A try that ended with the time of its caller tells of the other side after so much.
constexpr std::chrono::milliseconds kPatience{5'000};

double chance() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

// Whether a reply says that the same question may be answered later.
bool is_passing(int status) {
  return status == 408 || status == 429 || (status >= 500 && status != 501);
}

// False when the token stopped first.
bool wait_for(std::chrono::milliseconds time, const StopToken& stop) {
  Mutex mutex;
  CondVar changed;
  const OnStop on_stop(stop, [&] {
    const MutexLock lock(mutex);
    changed.notify_all();
  });
  const auto end = CircuitBreaker::Clock::now() + time;
  MutexLock lock(mutex);
  while (!stop.stop_requested()) {
    if (!changed.wait_until(lock, end)) return true;
  }
  return false;
}

}  // namespace

Peer::Peer(PeerOptions options)
    : options_(std::move(options)),
      client_(options_.client),
      places_(std::max<std::size_t>(options_.concurrency, 1)),
      breaker_(options_.breaker) {}

Error Peer::describe(Error error) const {
  error.message = fmt::format("{}: {}", options_.name, error.message);
  return error;
}

void Peer::note(const HttpOutcome& outcome, CircuitBreaker::Clock::time_point began) const {
  const auto now = CircuitBreaker::Clock::now();
  bool has_failed = false;
  if (outcome) {
    has_failed = outcome->status >= 500;
  } else if (outcome.error().error.code == ErrorCode::timeout) {
    has_failed = now - began >= std::min(options_.timeout, kPatience);
    if (!has_failed) return breaker_.gave_up();
  } else if (outcome.error().error.code == ErrorCode::unavailable) {
    has_failed = true;
  } else {
    return breaker_.gave_up();
  }
  if (!has_failed) return breaker_.succeeded();
  if (!breaker_.failed(now)) return;
  spdlog::warn("{} failed {} times in a row and is left alone for {} s: {}", options_.name,
               options_.breaker.failures_max,
               std::chrono::duration<double>(options_.breaker.pause).count(),
               outcome ? fmt::format("it answered {}", outcome->status)
                       : outcome.error().error.message);
}

Result<HttpReply> Peer::ask(const HttpRequest& request, const StopToken& stop,
                            Deadline deadline) const {
  const Waiting waiting;
  const Deadline end = earlier(deadline, Deadline::after(options_.timeout));
  auto place = places_.enter(stop, end);
  if (!place) return describe(std::move(place).error());
  std::optional<HttpOutcome> last;
  for (std::uint32_t retries = 0;; ++retries) {
    const auto began = CircuitBreaker::Clock::now();
    if (!breaker_.may_try(began)) {
      if (last) return answer_of(std::move(*last));
      const auto left = breaker_.pause_left(began);
      return describe(
          make_error(ErrorCode::unavailable,
                     fmt::format("it failed {} times in a row and is tried again {}",
                                 options_.breaker.failures_max,
                                 left.count() > 0
                                     ? fmt::format("in {} s", (left.count() + 999) / 1'000)
                                     : "just now")));
    }
    if (options_.before_try) {
      if (auto allowed = options_.before_try(); !allowed) {
        breaker_.gave_up();
        return describe(std::move(allowed).error());
      }
    }
    last = client_.send(request, stop, end);
    note(*last, began);
    const bool may_pass = *last ? is_passing((*last)->status) : last->error().is_passing;
    const auto wait = retry_wait(options_.retry, retries, chance(),
                                 *last ? (*last)->retry_after : std::nullopt);
    // Who would only wait for the end of the time hears now how it stands.
    if (!may_pass || retries >= options_.retry.retries_max || wait >= end.remaining()) {
      return answer_of(std::move(*last));
    }
    if (!wait_for(wait, stop)) {
      return describe(make_error(ErrorCode::cancelled, "it was stopped"));
    }
  }
}

Result<HttpReply> Peer::answer_of(HttpOutcome outcome) const {
  if (!outcome) return describe(std::move(outcome.error().error));
  return std::move(*outcome);
}

}  // namespace trawl::net
