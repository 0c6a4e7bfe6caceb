#pragma once

#include <cstddef>
#include <list>

#include "base/mutex.h"
#include "base/result.h"
#include "runtime/deadline.h"
#include "runtime/stop.h"

namespace trawl::net {

// How many may be in something at the same time. The others wait, and go in in the order in
// which they came. Thread-safe.
class ConcurrencyLimit {
 public:
  // At least 1.
  explicit ConcurrencyLimit(std::size_t places) : free_(places) {}

  // A place, until the end of its life.
  class [[nodiscard]] Place {
   public:
    explicit Place(ConcurrencyLimit& limit) : limit_(&limit) {}
    Place(Place&& other) noexcept : limit_(other.limit_) { other.limit_ = nullptr; }
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (limit_ != nullptr) limit_->leave();
    }

   private:
    ConcurrencyLimit* limit_;
  };

  // Waits for a place.
  //   timeout    the deadline passed first
  //   cancelled  the token stopped first
  Result<Place> enter(const StopToken& stop, Deadline deadline);

 private:
  struct Waiter {
    bool has_place = false;  // Given by the one who left.
    CondVar changed;
  };

  void leave();

  Mutex mutex_;
  std::size_t free_ TRAWL_GUARDED_BY(mutex_);
  std::list<Waiter*> waiters_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl::net
