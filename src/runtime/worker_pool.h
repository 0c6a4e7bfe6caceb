#pragma once

#include <deque>
#include <functional>

#include <vector>

#include "base/mutex.h"
#include "runtime/thread.h"

namespace trawl {

// Threads that run tasks from a bounded queue. Thread-safe.
class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t queue_max);
  ~WorkerPool();  // Runs what is queued, then joins.
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, and the task is not run, when the queue is full or the pool is stopping. What a
  // task throws is logged, and ends neither its thread nor the process.
  [[nodiscard]] bool submit(std::function<void()> task);
  // Takes no more tasks, runs what is queued, and returns when the last one has ended.
  // Not to be called from a task.
  void stop();
  std::size_t queued() const;
  // Whether the calling thread runs a task of some pool, and so may take its time.
  static bool is_worker();

 private:
  void work();

  const std::size_t queue_max_;
  mutable Mutex mutex_;
  CondVar ready_;
  std::deque<std::function<void()>> queue_ TRAWL_GUARDED_BY(mutex_);
  bool stopping_ TRAWL_GUARDED_BY(mutex_) = false;
  Mutex join_mutex_;
  std::vector<Thread> threads_ TRAWL_GUARDED_BY(join_mutex_);
};

}  // namespace trawl
