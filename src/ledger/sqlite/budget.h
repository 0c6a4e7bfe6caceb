#pragma once

#include <chrono>
#include <cstdint>

namespace trawl::sqlite {

// How long a reader may look. Where it is used up, the reader gives what it has, or an
// error where that would mislead.
class Budget {
 public:
  explicit Budget(std::int64_t micros)
      : micros_(micros), end_(Clock::now() + std::chrono::microseconds(micros)) {}
  bool used_up() const { return Clock::now() >= end_; }
  std::int64_t micros() const { return micros_; }

 private:
  using Clock = std::chrono::steady_clock;
  std::int64_t micros_;
  Clock::time_point end_;
};

}  // namespace trawl::sqlite
