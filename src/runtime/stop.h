#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <utility>

#include "runtime/guarded.h"

namespace trawl {

// Why work should end early, where nothing is wrong with it.
enum class StopReason : std::uint8_t { none, client_left, server_stopping };

namespace stop_detail {

struct State {
  // Set before the source stops, so that whoever is called already finds it here.
  std::atomic<StopReason> reason{StopReason::none};
  std::stop_source source;
};

}  // namespace stop_detail

// Whether somebody's work should end, and why: to be asked between steps, or subscribed to
// with OnStop. Cheap to copy; outlives its source. Thread-safe.
class StopToken {
 public:
  StopToken() = default;  // Never stops.

  StopReason reason() const noexcept {
    return state_ ? state_->reason.load(std::memory_order_acquire) : StopReason::none;
  }
  bool stop_requested() const noexcept { return reason() != StopReason::none; }

 private:
  friend class StopSource;
  friend class OnStop;
  explicit StopToken(std::shared_ptr<const stop_detail::State> state)
      : state_(std::move(state)) {}

  std::shared_ptr<const stop_detail::State> state_;
};

// Owned by what knows when the work has become useless. Thread-safe.
class StopSource {
 public:
  StopSource() : state_(std::make_shared<stop_detail::State>()) {}

  // True for the first call, whose reason stands. Subscribers are called before it
  // returns, on this thread. `none` is no reason, and does nothing.
  bool request_stop(StopReason reason) noexcept {
    StopReason before = StopReason::none;
    if (reason == StopReason::none || !state_->reason.compare_exchange_strong(
                                          before, reason, std::memory_order_acq_rel)) {
      return false;
    }
    state_->source.request_stop();
    return true;
  }

  StopReason reason() const noexcept {
    return state_->reason.load(std::memory_order_acquire);
  }
  StopToken token() const { return StopToken(state_); }

 private:
  std::shared_ptr<stop_detail::State> state_;
};

// Calls a function once when the token stops, on the thread that stops it; at once, on this
// thread, where it has stopped already. It must not block, and what it throws is logged.
// The destructor unsubscribes, and waits for a call that is under way on another thread.
class [[nodiscard]] OnStop {
 public:
  OnStop(const StopToken& token, std::function<void()> wake)
      : token_(token),
        callback_(token_.state_ ? token_.state_->source.get_token() : std::stop_token(),
                  Guarded{std::move(wake)}) {}
  OnStop(const OnStop&) = delete;
  OnStop& operator=(const OnStop&) = delete;

 private:
  struct Guarded {
    std::function<void()> wake;
    void operator()() noexcept { run_guarded("what waits for a stop", wake); }
  };

  const StopToken token_;
  std::stop_callback<Guarded> callback_;
};

}  // namespace trawl
