#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "base/mutex.h"
#include "runtime/guarded.h"
#include "runtime/thread.h"

namespace trawl {

// Calls a function every so often on a thread of its own, first after one interval; what it
// throws is logged. The destructor waits for a call that is under way.
class Periodic {
 public:
  Periodic(std::chrono::milliseconds interval, std::function<void()> task)
      : thread_(start_thread("periodic", [this, interval, task = std::move(task)] {
          while (!wait_for_end(interval)) run_guarded("a regular task", task);
        })) {}

  ~Periodic() {
    {
      const MutexLock lock(mutex_);
      stop_ = true;
    }
    stopping_.notify_all();
    thread_.join();
  }

  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  // False when the time has come for another call.
  bool wait_for_end(std::chrono::milliseconds interval) {
    const auto due = std::chrono::steady_clock::now() + interval;
    MutexLock lock(mutex_);
    while (!stop_ && stopping_.wait_until(lock, due)) {
    }
    return stop_;
  }

  Mutex mutex_;
  CondVar stopping_;
  bool stop_ TRAWL_GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace trawl
