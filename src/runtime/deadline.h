#pragma once

#include <algorithm>
#include <chrono>

namespace trawl {

// The instant by which something must have ended, on the monotonic clock; or none. A value:
// what has a limit of its own works against the earlier() of it and its caller's.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  constexpr Deadline() = default;  // None.
  explicit constexpr Deadline(Clock::time_point time) : time_(time) {}

  // From now on; where that is further away than the clock can say, none. Not above zero
  // has passed already.
  static Deadline after(std::chrono::microseconds duration) {
    const auto now = Clock::now();
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        Clock::time_point::max() - now);
    return duration >= left ? Deadline() : Deadline(now + std::max(duration, kNoTime));
  }

  constexpr bool is_none() const { return time_ == Clock::time_point::max(); }
  // For CondVar::wait_until() and its like. Without a deadline the end of time.
  constexpr Clock::time_point time() const { return time_; }

  bool passed() const { return !is_none() && Clock::now() >= time_; }
  // What is left, rounded down and never below zero; max() where there is no deadline.
  std::chrono::microseconds remaining() const {
    if (is_none()) return std::chrono::microseconds::max();
    const auto now = Clock::now();
    if (now >= time_) return kNoTime;
    return std::chrono::duration_cast<std::chrono::microseconds>(time_ - now);
  }

  friend constexpr Deadline earlier(Deadline a, Deadline b) {
    return a.time_ <= b.time_ ? a : b;
  }
  friend constexpr bool operator==(Deadline a, Deadline b) = default;

 private:
  static constexpr std::chrono::microseconds kNoTime{0};

  Clock::time_point time_ = Clock::time_point::max();
};

}  // namespace trawl
