#include "runtime/worker_pool.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <exception>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

#include "runtime/guarded.h"
#include "runtime/waiting.h"

namespace trawl {
namespace {

// Tasks that have begun go before those that have not, so that what was admitted ends. But
// where tasks wait again and again, each for a moment, new ones would never begin.
constexpr std::size_t kPassedOverMax = 8;

}  // namespace

struct WorkerPool::Worker {
  explicit Worker(WorkerPool& its_pool) : pool(its_pool) {}

  WorkerPool& pool;
  Workers::iterator self;
  // Shared, since it is notified without the mutex: who is woken under it only runs into
  // it.
  const std::shared_ptr<CondVar> changed = std::make_shared<CondVar>();
  bool has_slot = false;  // Guarded by the pool's mutex.
  Thread thread;
  // Of its own thread: how many scopes of Waiting it is in, and whether they gave back.
  int waits = 0;
  bool gave_slot = false;
};

constinit thread_local WorkerPool::Worker* WorkerPool::this_worker_ = nullptr;

bool WorkerPool::is_worker() {
  return this_worker_ != nullptr;
}

WorkerPool::WorkerPool(WorkerPoolOptions options) : options_(options) {
  std::size_t started = 0;
  {
    const MutexLock lock(mutex_);
    threads_ = running_ = coming_ = options_.slots;
  }
  start_workers(options_.slots);
  {
    const MutexLock lock(mutex_);
    started = threads_;
  }
  if (started == options_.slots) return;
  stop();
  throw std::system_error(EAGAIN, std::generic_category(),
                          "cannot start a thread for each worker");
}

WorkerPool::~WorkerPool() {
  stop();
}

bool WorkerPool::submit(std::function<void()> task) {
  Next next;
  {
    const MutexLock lock(mutex_);
    if (stopping_ || queue_.size() >= options_.queue_max) return false;
    queue_.push_back(std::move(task));
    next = give_slots();
  }
  go_on(next);
  return true;
}

void WorkerPool::stop() {
  Workers ended;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (Worker& worker : idle_) worker.changed->notify_one();
    while (threads_ > 0) all_ended_.wait(lock);
    ended.swap(ended_);
  }
  join(std::move(ended));
}

WorkerPool::Metrics WorkerPool::metrics() const {
  const MutexLock lock(mutex_);
  return {options_.slots, running_, waiting_, queue_.size(), threads_};
}

// Gives free slots to those who want one. Threads to be started have theirs already.
WorkerPool::Next WorkerPool::give_slots() {
  Next next;
  const auto give = [&next](Worker& worker) {
    worker.has_slot = true;
    if (next.wake) next.wake->notify_one();
    next.wake = worker.changed;
  };
  for (; running_ < options_.slots; ++running_) {
    const bool has_task = queue_.size() > coming_;
    if (!returning_.empty() && !(has_task && passed_over_ >= kPassedOverMax)) {
      if (has_task) ++passed_over_;
      Worker& first = returning_.front();
      give(first);
      busy_.splice(busy_.end(), returning_, first.self);
    } else if (has_task) {
      passed_over_ = 0;
      ++coming_;
      if (idle_.empty()) {
        ++threads_;
        ++next.starts;
        continue;
      }
      Worker& last = idle_.back();
      give(last);
      busy_.splice(busy_.end(), idle_, last.self);
    } else {
      break;
    }
  }
  return next;
}

void WorkerPool::go_on(const Next& next) {
  if (next.wake) next.wake->notify_one();
  start_workers(next.starts);
}

// A thread that cannot be started changes nothing but the pace: the others look into the
// queue again when they have ended their tasks.
void WorkerPool::start_workers(std::size_t count) {
  for (; count > 0; --count) {
    try {
      Workers made;
      made.emplace_back(*this);
      const auto self = made.begin();
      self->self = self;
      self->has_slot = true;
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
    } catch (const std::exception& e) {
      const MutexLock lock(mutex_);
      if (!std::exchange(start_failed_, true)) {
        log_thrown("starting one more worker, without which requests wait longer,",
                   e.what());
      }
      --coming_;
      --running_;
      if (--threads_ == 0) all_ended_.notify_all();
    }
  }
}

// Whether the slot that a task has left goes to the next one of the queue, on its thread,
// rather than to somebody who returns.
bool WorkerPool::run_next_here() const {
  return returning_.empty() || passed_over_ >= kPassedOverMax;
}

void WorkerPool::work(Workers::iterator self) {
  this_worker_ = &*self;
  Workers before;
  MutexLock lock(mutex_);
  do {
    --coming_;
    // The first of them is what the slot was given for.
    for (bool is_first = true; !queue_.empty() && (is_first || run_next_here());
         is_first = false) {
      if (!is_first && !returning_.empty()) passed_over_ = 0;
      auto task = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      // What it holds is released without the lock.
      run_guarded("a task of the worker pool", task);
      run_guarded("the end of a task of the worker pool", [&] { task = nullptr; });
      lock.lock();
    }
    self->has_slot = false;
    --running_;
    idle_.splice(idle_.end(), busy_, self);
    if (const Next next = give_slots(); next.wake || next.starts > 0) {
      lock.unlock();
      go_on(next);
      lock.lock();
    }
  } while (wait_for_slot(*self, lock));
  before.swap(ended_);
  ended_.splice(ended_.end(), idle_, self);
  if (--threads_ == 0) all_ended_.notify_all();
  lock.unlock();
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

// Whether the slot was given back.
bool WorkerPool::begin_wait(Worker& worker) noexcept {
  Next next;
  {
    const MutexLock lock(mutex_);
    if (waiting_ >= options_.waiting_max) return false;
    ++waiting_;
    worker.has_slot = false;
    --running_;
    next = give_slots();
  }
  go_on(next);
  return true;
}

void WorkerPool::end_wait(Worker& worker) {
  MutexLock lock(mutex_);
  if (running_ < options_.slots && returning_.empty()) {
    ++running_;
    worker.has_slot = true;
  } else {
    returning_.splice(returning_.end(), busy_, worker.self);
    while (!worker.has_slot) worker.changed->wait(lock);
  }
  --waiting_;
}

Waiting::Waiting() noexcept {
  WorkerPool::Worker* worker = WorkerPool::this_worker_;
  if (worker == nullptr || ++worker->waits > 1) return;
  worker->gave_slot = worker->pool.begin_wait(*worker);
}

Waiting::~Waiting() {
  WorkerPool::Worker* worker = WorkerPool::this_worker_;
  if (worker == nullptr || --worker->waits > 0 || !worker->gave_slot) return;
  worker->pool.end_wait(*worker);
}

}  // namespace trawl
