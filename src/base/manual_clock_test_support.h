#pragma once

#include <atomic>

#include "base/clock.h"

namespace trawl::test {

// Shows the time it was given.
class ManualClock final : public Clock {
 public:
  TimeUs now() const override { return now_; }
  void set(TimeUs now) { now_ = now; }
  void advance(TimeUs by) { now_ += by; }

 private:
  std::atomic<TimeUs> now_ = 1'700'000'000 * kMicrosPerSecond;
};

}  // namespace trawl::test
