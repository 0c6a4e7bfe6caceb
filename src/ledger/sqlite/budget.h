#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "base/work_limit.h"

namespace trawl::sqlite {

// How long a reader may look. Where it is used up, the reader gives what it has, or an
// error where that would mislead.
class Budget {
 public:
  explicit Budget(std::int64_t micros)
      : micros_(micros), end_(Clock::now() + std::chrono::microseconds(micros)) {}
  bool used_up() const { return Clock::now() >= end_; }
  std::int64_t micros() const { return micros_; }

  // What `work`, which gives a Result and counts its steps with count_work(), makes of one
  // record or row group. It may take 50 ms however little is left, so each page moves
  // on; nothing where that was not enough, or the error of the work.
  template <class Work>
  auto in_time(Work&& work) const {
    using Done = std::optional<typename std::invoke_result_t<Work>::value_type>;
    const Clock::time_point end = std::max(end_, Clock::now() + kGrace);
    bool late = false;
    const Checkpoint check = [&]() -> Result<void> {
      late = Clock::now() >= end;
      if (late) return make_error(ErrorCode::timeout, "the budget is used up");
      return {};
    };
    const auto run = [&]() -> Result<Done> {
      TRAWL_ASSIGN(auto made, std::forward<Work>(work)());
      return Done(std::move(made));
    };
    Result<Done> done = bounded(check, run);
    if (!done && late) done = Done();
    return done;
  }

 private:
  static constexpr std::chrono::milliseconds kGrace{50};
  using Clock = std::chrono::steady_clock;
  std::int64_t micros_;
  Clock::time_point end_;
};

}  // namespace trawl::sqlite
