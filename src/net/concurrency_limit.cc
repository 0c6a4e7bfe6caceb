#include "net/concurrency_limit.h"

namespace trawl::net {

Result<ConcurrencyLimit::Place> ConcurrencyLimit::enter(const StopToken& stop,
                                                        Deadline deadline) {
  Waiter self;
  // Outside of the lock: its end waits for a call that wants the lock.
  const OnStop on_stop(stop, [this, &self] {
    const MutexLock lock(mutex_);
    self.changed.notify_one();
  });
  MutexLock lock(mutex_);
  if (free_ > 0) {
    --free_;
    return Place(*this);
  }
  const auto here = waiters_.insert(waiters_.end(), &self);
  while (!self.has_place) {
    const bool is_stopped = stop.stop_requested();
    if (is_stopped || deadline.passed()) {
      waiters_.erase(here);
      return is_stopped ? make_error(ErrorCode::cancelled, "stopped while it waited")
                        : make_error(ErrorCode::timeout, "its time passed while it waited");
    }
    if (deadline.is_none()) {
      self.changed.wait(lock);
    } else {
      (void)self.changed.wait_until(lock, deadline.time());
    }
  }
  return Place(*this);
}

void ConcurrencyLimit::leave() {
  const MutexLock lock(mutex_);
  if (waiters_.empty()) {
    ++free_;
    return;
  }
  Waiter* const next = waiters_.front();
  waiters_.pop_front();
  next->has_place = true;
  next->changed.notify_one();
}

}  // namespace trawl::net
