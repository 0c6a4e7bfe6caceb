#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "http/server/shares.h"
#include "runtime/thread.h"

namespace trawl::http {

// A bounded number of threads, each started for one task: streams may last for days, and
// would fill the queue of the worker pool. Each belongs to an account, which may have a
// share of them, and computes as one of its long tasks (runtime/turn.h); what waits for
// anything but its client does so within a Waiting. What a task throws is logged.
// Thread-safe.
class StreamThreads {
 public:
  // The pool must outlive it.
  StreamThreads(WorkerPool& workers, std::size_t max, std::size_t account_max)
      : workers_(workers), places_(std::make_shared<Stock>(max, account_max)) {}
  ~StreamThreads() { join(); }
  StreamThreads(const StreamThreads&) = delete;
  StreamThreads& operator=(const StreamThreads&) = delete;

  // Unless it is `yes` the task is not run: there are as many as there may be, the system
  // has no more threads, or join() was called.
  Stock::Taken start(const std::string& account, std::function<void()> task);
  std::size_t active() const;
  const Stock& places() const { return *places_; }
  // Takes no more tasks, and returns when the last one has ended. Not for tasks.
  void join();

 private:
  WorkerPool& workers_;
  const std::shared_ptr<Stock> places_;
  mutable Mutex mutex_;
  std::list<Thread> running_ TRAWL_GUARDED_BY(mutex_);
  // About to return; to be joined.
  std::list<Thread> ended_ TRAWL_GUARDED_BY(mutex_);
  bool closed_ TRAWL_GUARDED_BY(mutex_) = false;
};

}  // namespace trawl::http
