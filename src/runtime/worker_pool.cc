#include "runtime/worker_pool.h"

#include "runtime/guarded.h"

namespace trawl {
namespace {

thread_local bool is_worker_thread = false;

}  // namespace

bool WorkerPool::is_worker() {
  return is_worker_thread;
}

WorkerPool::WorkerPool(std::size_t threads, std::size_t queue_max) : queue_max_(queue_max) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.push_back(start_thread("worker", [this] { work(); }));
  }
}

WorkerPool::~WorkerPool() {
  stop();
}

bool WorkerPool::submit(std::function<void()> task) {
  {
    const MutexLock lock(mutex_);
    if (stopping_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(task));
  }
  ready_.notify_one();
  return true;
}

void WorkerPool::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  const MutexLock joining(join_mutex_);
  for (auto& thread : threads_) {
    thread.join();
  }
}

std::size_t WorkerPool::queued() const {
  const MutexLock lock(mutex_);
  return queue_.size();
}

void WorkerPool::work() {
  is_worker_thread = true;
  MutexLock lock(mutex_);
  while (true) {
    while (!stopping_ && queue_.empty()) ready_.wait(lock);
    if (queue_.empty()) return;
    auto task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    // What it holds is released without the lock.
    run_guarded("a task of the worker pool", task);
    run_guarded("the end of a task of the worker pool", [&] { task = nullptr; });
    lock.lock();
  }
}

}  // namespace trawl
