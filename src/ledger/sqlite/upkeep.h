#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "base/mutex.h"
#include "runtime/guarded.h"
#include "runtime/thread.h"

namespace trawl::sqlite {

// Calls a step every so often on a thread of its own, first after one interval; what it
// throws is logged. Where a step says that there is more to do, the next comes almost at
// once, but lets commits pass between. The destructor waits for a step that is under way.
class Upkeep {
 public:
  Upkeep(std::chrono::microseconds interval, std::function<bool()> step)
      : interval_(interval),
        step_(std::move(step)),
        thread_(start_thread("maintenance", [this] { maintain_regularly(); })) {}

  ~Upkeep() {
    {
      const MutexLock lock(mutex_);
      stop_ = true;
    }
    stopping_.notify_all();
    thread_.join();
  }

  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

 private:
  void maintain_regularly() {
    constexpr std::chrono::microseconds kPauseBetweenSteps(500);
    bool more = false;
    while (!wait_for_end(more ? kPauseBetweenSteps : interval_)) {
      more = false;
      run_guarded("maintenance of the history", [&] { more = step_(); });
    }
  }
  // False when the time has come for another step.
  bool wait_for_end(std::chrono::microseconds time) {
    const auto due = std::chrono::steady_clock::now() + time;
    MutexLock lock(mutex_);
    while (!stop_ && stopping_.wait_until(lock, due)) {
    }
    return stop_;
  }

  const std::chrono::microseconds interval_;
  const std::function<bool()> step_;
  Mutex mutex_;
  CondVar stopping_;
  bool stop_ TRAWL_GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace trawl::sqlite
