#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace trawl::http {

// A bounded number of threads, each started for one task: streamed replies may last for
// days, and on the worker pool they would stand in the way of everything else. Thread-safe.
class StreamThreads {
 public:
  explicit StreamThreads(std::size_t max) : max_(max) {}
  ~StreamThreads() { join(); }
  StreamThreads(const StreamThreads&) = delete;
  StreamThreads& operator=(const StreamThreads&) = delete;

  // False, and the task is not run, when there are as many as there may be, the system has
  // no more threads, or join() was called.
  bool start(std::function<void()> task);
  std::size_t active() const;
  // Takes no more tasks, and returns when the last one has ended. Not for tasks.
  void join();

 private:
  const std::size_t max_;
  mutable std::mutex mutex_;
  std::list<std::thread> running_;  // Guarded by mutex_.
  std::list<std::thread> ended_;    // About to return; to be joined. Guarded by mutex_.
  bool closed_ = false;             // Guarded by mutex_.
};

}  // namespace trawl::http
