#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "runtime/thread.h"
#include "runtime/worker_pool.h"

// What a pool is made of; for its own files.
namespace trawl {

// What belongs to an account; guarded by the pool's mutex.
struct WorkerPool::Account {
  std::string name;
  double weight = kWeight;
  double used_us = 0;  // Time in slots by its weight, and what it had to begin with.
  Claims::node_type unclaimed;  // Its node of claims_, while it does not stand there.
  std::uint64_t arrival = 0;    // When it began to want something; the lower, the earlier.
  double claim_us = 0;          // Under which it stands there.
  struct Fresh {
    std::function<void()> task;
    std::uint64_t kind = 0;
  };
  std::deque<Fresh> fresh;  // Have not begun.
  Workers returning;        // Their wait is over; first come, first served.
  Workers set_aside;        // Long ones, whom others went before.
  std::size_t unbegun = 0;  // Of these, were so before they began.
  std::size_t busy = 0;     // Tasks that have a worker.
  std::size_t fresh_passed_over = 0;
  std::size_t set_aside_passed_over = 0;

  bool is_active() const { return busy > 0 || !fresh.empty(); }
};

struct WorkerPool::Worker {
  explicit Worker(WorkerPool& its_pool) : pool(its_pool) {}

  WorkerPool& pool;
  Workers::iterator self;
  // Shared, since it is notified without the mutex: who is woken under it only runs into
  // it.
  const std::shared_ptr<CondVar> changed = std::make_shared<CondVar>();
  // These are guarded by the pool's mutex; the second is read by the worker itself without,
  // who has the slot then.
  bool has_slot = false;
  std::int64_t slot_since_us = 0;  // What came before is charged.
  Account* account = nullptr;      // Of the task; null where there is none.
  std::int64_t task_us = 0;        // That the task had in slots.
  std::uint64_t kind = 0;
  bool is_long = false;
  bool is_unbegun = false;  // And set aside.
  bool is_guest = false;    // Has a thread of its own.
  Thread thread;
  // Of its own thread: whether it gives way to other threads, as it did for a long task.
  bool gives_way = false;
  // Of its own thread: when it last let other threads go first, how many scopes of Waiting
  // it is in, and whether they gave back.
  std::int64_t yielded_us = 0;
  int waits = 0;
  bool gave_slot = false;
};

}  // namespace trawl
