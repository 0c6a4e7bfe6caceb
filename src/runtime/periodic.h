#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "runtime/guarded.h"

namespace trawl::app {

// Calls a function every so often on a thread of its own, first after one interval; what it
// throws is logged. The destructor waits for a call that is under way.
class Periodic {
 public:
  Periodic(std::chrono::milliseconds interval, std::function<void()> task)
      : thread_([this, interval, task = std::move(task)] {
          std::unique_lock lock(mutex_);
          while (!stopping_.wait_for(lock, interval, [this] { return stop_; })) {
            lock.unlock();
            run_guarded("a regular task", task);
            lock.lock();
          }
        }) {}

  ~Periodic() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    stopping_.notify_all();
    thread_.join();
  }

  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace trawl::app
