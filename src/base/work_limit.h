#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

#include "base/result.h"

// How work that a request makes is ended when the request is not wanted any longer. Loops
// over texts, patterns, conditions, values and rows say how much they did with
// count_work(); whoever began the work said with bounded() what may end it. Nothing on the
// way between the two has to pass anything on.
namespace trawl {

// Called now and then inside long loops; an error ends the loop and is passed on.
using Checkpoint = std::function<Result<void>()>;

// A step is looking at one value, one word or one character; a few nanoseconds. So many lie
// between two looks at the checkpoint: a millisecond at most, and the look costs nothing
// next to them.
inline constexpr std::int64_t kWorkPerCheck = 1 << 16;
// Bytes that are only copied or compared for so many count as one step.
inline constexpr std::size_t kBytesPerStep = 32;

// What count_work() throws, and bounded() turns into the error.
class WorkStopped : public std::exception {
 public:
  explicit WorkStopped(Error why) : error(std::move(why)) {}
  const char* what() const noexcept override { return error.message.c_str(); }

  Error error;
};

// Limits what this thread does while it lives. Limits nest: the inner one is asked first,
// then the outer ones. The checkpoint may be empty, and must outlive the limit.
class [[nodiscard]] WorkLimit {
 public:
  explicit WorkLimit(const Checkpoint& check);
  ~WorkLimit();
  WorkLimit(const WorkLimit&) = delete;
  WorkLimit& operator=(const WorkLimit&) = delete;

 private:
  friend Result<void> check_work();
  const Checkpoint& check_;
  const WorkLimit* const outer_;
};

// Lifts all limits of this thread while it lives: for what must be finished once it is
// begun, such as changes to state that requests share.
class [[nodiscard]] WorkUnlimited {
 public:
  WorkUnlimited();
  ~WorkUnlimited();
  WorkUnlimited(const WorkUnlimited&) = delete;
  WorkUnlimited& operator=(const WorkUnlimited&) = delete;

 private:
  const WorkLimit* const outer_;
};

// Asks the checkpoints of this thread now; for callers that cannot let an exception pass.
Result<void> check_work();

// Private to count_work().
struct WorkAccount {
  const WorkLimit* limit = nullptr;
  std::int64_t left = kWorkPerCheck;
};
inline thread_local constinit WorkAccount work_account;
void settle_work();

// Says that so many steps were done. Throws WorkStopped when the work should end; never
// where no limit is set.
inline void count_work(std::size_t steps = 1) {
  work_account.left -= static_cast<std::int64_t>(steps);
  if (work_account.left <= 0) settle_work();
}

// Runs `work`, which gives a Result, within a limit.
template <class Work>
std::invoke_result_t<Work> bounded(const Checkpoint& check, Work&& work) {
  try {
    const WorkLimit limit(check);
    return std::forward<Work>(work)();
  } catch (WorkStopped& stopped) {
    return std::move(stopped.error);
  }
}

}  // namespace trawl
