#include <chrono>
#include <exception>
#include <utility>

#include "runtime/guarded.h"
#include "runtime/worker_pool.h"
#include "runtime/worker_pool_parts.h"

// The threads of a pool: how they are started, what they do, and how they end.
namespace trawl {

void WorkerPool::go_on(const Next& next) {
  if (next.wake) next.wake->notify_one();
  start_workers(next.starts);
}

// A thread that cannot be started changes nothing but the pace: the others look into the
// queue again when they have ended their tasks.
void WorkerPool::start_workers(std::size_t count) {
  if (count == 0) return;
  if (this_worker_ != nullptr && this_worker_->gives_way) {
    // What it starts would give way, too.
    const MutexLock lock(mutex_);
    to_be_started_ += count;
    starter_wanted_.notify_one();
    return;
  }
  for (; count > 0; --count) start_worker(true);
}

// One that is counted, with its slot where it has one.
bool WorkerPool::start_worker(bool has_slot) {
  try {
    Workers made;
    made.emplace_back(*this);
    const auto self = made.begin();
    self->self = self;
    self->has_slot = has_slot;
    const MutexLock starting(start_mutex_);
    {
      const MutexLock lock(mutex_);
      busy_.splice(busy_.end(), made);
    }
    try {
      self->thread = start_thread("worker", [this, self] { work(self); });
    } catch (...) {
      const MutexLock lock(mutex_);
      made.splice(made.end(), busy_, self);
      throw;
    }
    const MutexLock lock(mutex_);
    start_failed_ = false;
    return true;
  } catch (const std::exception& e) {
    const MutexLock lock(mutex_);
    if (!std::exchange(start_failed_, true)) {
      log_thrown("starting one more worker, without which requests wait longer,", e.what());
    }
    if (has_slot) {
      --coming_;
      --running_;
    }
    if (--threads_ == 0) all_ended_.notify_all();
    return false;
  }
}

// The starter: starts workers for those that give way, and one for each of these that ends
// where a slot would be left without one.
void WorkerPool::keep_started() {
  constexpr std::chrono::milliseconds kBeforeNextTry{100};
  MutexLock lock(mutex_);
  while (!stopping_ || threads_ > 0) {
    const bool has_slot = to_be_started_ > 0;
    if (!has_slot && (stopping_ || threads_ >= options_.slots)) {
      starter_wanted_.wait(lock);
      continue;
    }
    if (has_slot) {
      --to_be_started_;
    } else {
      ++threads_;
    }
    lock.unlock();
    const bool started = start_worker(has_slot);
    lock.lock();
    if (!started && !stopping_) {
      (void)starter_wanted_.wait_until(lock,
                                       std::chrono::steady_clock::now() + kBeforeNextTry);
    }
  }
}

void WorkerPool::work(Workers::iterator self) {
  this_worker_ = &*self;
  Workers before;
  MutexLock lock(mutex_);
  if (!self->has_slot) idle_.splice(idle_.end(), busy_, self);
  while (wait_for_slot(*self, lock)) {
    --coming_;
    // The first is what the slot was given for; whether it goes to another one of the queue
    // after that, on this thread, or to somebody who returns, is a new choice.
    for (bool is_first = true;
         !self->gives_way && queued_ > 0 && (is_first || choose().claim == Claim::fresh);
         is_first = false) {
      auto task = begin_task(*self);
      // At once, or one that computes would see one more than may, and go in its place.
      const auto aside = self->is_long ? set_aside_unbegun(*self) : std::nullopt;
      lock.unlock();
      if (aside) {
        go_on(*aside);
        wait_for_turn(*self);
      }
      if (self->is_long) give_way(*self);
      // What it holds is released without the lock.
      run_guarded("a task of the worker pool", task);
      run_guarded("the end of a task of the worker pool", [&] { task = nullptr; });
      lock.lock();
      end_task(*self);
    }
    self->has_slot = false;
    --running_;
    if (self->gives_way) break;
    idle_.splice(idle_.end(), busy_, self);
    if (const Next next = give_slots(); next.wake || next.starts > 0) {
      lock.unlock();
      go_on(next);
      lock.lock();
    }
  }
  before.swap(ended_);
  ended_.splice(ended_.end(), self->gives_way ? busy_ : idle_, self);
  const Next next = give_slots();
  if (--threads_ == 0) all_ended_.notify_all();
  starter_wanted_.notify_one();
  lock.unlock();
  go_on(next);
  // So that, however many end, one at most remains to be joined.
  join(std::move(before));
}

// False when the thread is to end.
bool WorkerPool::wait_for_slot(Worker& worker, MutexLock& lock) {
  const auto end = std::chrono::steady_clock::now() + options_.idle_time;
  while (!worker.has_slot) {
    if (stopping_) return false;
    if (threads_ <= options_.slots) {
      worker.changed->wait(lock);
    } else if (!worker.changed->wait_until(lock, end) && !worker.has_slot &&
               threads_ > options_.slots) {
      return false;
    }
  }
  return true;
}

void WorkerPool::join(Workers ended) {
  for (Worker& worker : ended) {
    { const MutexLock started(start_mutex_); }
    worker.thread.join();
  }
}

}  // namespace trawl
