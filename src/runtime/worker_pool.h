#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>

#include "base/mutex.h"
#include "runtime/thread.h"

namespace trawl {

struct WorkerPoolOptions {
  std::size_t slots = 1;           // Tasks that run at the same time; at least 1.
  std::size_t queue_max = 1024;    // Tasks that wait for a slot.
  std::size_t waiting_max = 1000;  // Tasks that wait without a slot (see Waiting).
  // How long a thread beyond one for each slot stays when there is nothing to do.
  std::chrono::milliseconds idle_time = std::chrono::seconds(5);
};

// A bounded number of slots in which tasks from a bounded queue run, each on a thread of
// the pool. Any thread will do: there is one for each slot, and more are started as tasks
// give their slots back to wait (see Waiting). Thread-safe.
class WorkerPool {
 public:
  //   throws std::system_error when the system does not have a thread for each slot
  explicit WorkerPool(WorkerPoolOptions options);
  WorkerPool(std::size_t slots, std::size_t queue_max)
      : WorkerPool(WorkerPoolOptions{slots, queue_max}) {}
  ~WorkerPool();  // As stop().
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, and the task is not run, when the queue is full or the pool is stopping. What a
  // task throws is logged, and ends neither its thread nor the process.
  [[nodiscard]] bool submit(std::function<void()> task);
  // Takes no more tasks, runs what is queued, and returns when the last one has ended,
  // those that wait too. Not to be called from a task.
  void stop();
  // Whether the calling thread runs a task of some pool, and so may take its time.
  static bool is_worker();

  struct Metrics {
    std::size_t slots = 0;
    std::size_t running = 0;  // Tasks in a slot.
    std::size_t waiting = 0;  // Tasks without one that have begun.
    std::size_t queued = 0;   // Tasks that have not.
    std::size_t threads = 0;
  };
  Metrics metrics() const;

 private:
  friend class Waiting;
  struct Worker;
  using Workers = std::list<Worker>;

  static constinit thread_local Worker* this_worker_;  // Whose thread this is; or null.

  // What follows from giving slots away, once the mutex is released.
  struct Next {
    std::shared_ptr<CondVar> wake;  // Of one who was given a slot; null for none.
    std::size_t starts = 0;         // Threads to be started.
  };

  void go_on(const Next& next);
  void start_workers(std::size_t count);
  void work(Workers::iterator self);
  bool run_next_here() const TRAWL_REQUIRES(mutex_);
  bool wait_for_slot(Worker& worker, MutexLock& lock) TRAWL_REQUIRES(mutex_);
  [[nodiscard]] Next give_slots() TRAWL_REQUIRES(mutex_);
  bool begin_wait(Worker& worker) noexcept;
  void end_wait(Worker& worker);
  void join(Workers ended);

  const WorkerPoolOptions options_;
  mutable Mutex mutex_;
  std::deque<std::function<void()>> queue_ TRAWL_GUARDED_BY(mutex_);
  // Each worker is in one of these; moving it from one to another allocates nothing.
  Workers busy_ TRAWL_GUARDED_BY(mutex_);  // With a task, in a slot or waiting.
  Workers idle_ TRAWL_GUARDED_BY(mutex_);  // The last to become idle is the first to go on.
  Workers returning_
      TRAWL_GUARDED_BY(mutex_);             // Their wait is over; first come, first served.
  Workers ended_ TRAWL_GUARDED_BY(mutex_);  // To be joined.
  std::size_t threads_ TRAWL_GUARDED_BY(mutex_) = 0;  // With those about to be started.
  std::size_t running_ TRAWL_GUARDED_BY(mutex_) = 0;  // Slots in use.
  std::size_t waiting_ TRAWL_GUARDED_BY(mutex_) = 0;
  // Workers that were given a slot for a task and have not looked into the queue yet.
  std::size_t coming_ TRAWL_GUARDED_BY(mutex_) = 0;
  // How often the queue has stood back for those that return, since it last did not.
  std::size_t passed_over_ TRAWL_GUARDED_BY(mutex_) = 0;
  bool start_failed_ TRAWL_GUARDED_BY(mutex_) = false;
  bool stopping_ TRAWL_GUARDED_BY(mutex_) = false;
  CondVar all_ended_;
  // Held while a thread starts: who joins it finds its handle there.
  Mutex start_mutex_;
};

}  // namespace trawl
