#pragma once

#include <cstddef>

#include "base/work_limit.h"

namespace trawl {

// Asks the checkpoint once every kStepsPerCheck steps of a loop, so that asking costs
// nothing next to the loop. The checkpoint may be empty and must outlive the ticker.
class Ticker {
 public:
  static constexpr std::size_t kStepsPerCheck = 4096;

  explicit Ticker(const Checkpoint& check) : check_(check) {}

  // A loop whose steps differ in cost passes what one cost.
  Result<void> tick(std::size_t steps = 1) {
    steps_ += steps;
    if (steps_ < kStepsPerCheck) return {};
    steps_ = 0;
    if (!check_) return {};
    return check_();
  }

 private:
  const Checkpoint& check_;
  std::size_t steps_ = 0;
};

}  // namespace trawl
