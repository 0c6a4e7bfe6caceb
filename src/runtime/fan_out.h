#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"
#include "base/work_limit.h"

namespace trawl {

class WorkerPool;

// Does the same for many things, several at a time: for work that waits for a network, of
// which one thread could do one thing after another only. Thread-safe.
class FanOut {
 public:
  // Every item on the caller's thread.
  FanOut() = default;
  // On threads of the pool as well, each of which gives its slot back while it is in an
  // item (runtime/waiting.h). The pool must outlive this.
  explicit FanOut(WorkerPool& pool) : pool_(&pool) {}

  // Calls item(0) to item(count - 1), begun in this order, up to `at_once` at the same
  // time: one of them on this thread, so that it goes on however busy the pool is. Returns
  // when none is under way. After a failure no other begins, and the result is that of the
  // first, by number, which failed; what an item throws is thrown here likewise. `check` is
  // asked before each, and limits the work within it (base/work_limit.h); like `item`, it
  // is called from several threads at once.
  Result<void> for_each(std::size_t count, std::size_t at_once, const Checkpoint& check,
                        const std::function<Result<void>(std::size_t)>& item) const;

 private:
  WorkerPool* pool_ = nullptr;
};

}  // namespace trawl
