#include "runtime/fan_out.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>

#include "base/mutex.h"
#include "runtime/waiting.h"
#include "runtime/worker_pool.h"

namespace trawl {
namespace {

// What became of an item that did not succeed.
struct Failure {
  std::size_t item = 0;
  Result<void> result = {};
  std::exception_ptr thrown = nullptr;
};

// Shared with the tasks of the pool: one that begins late finds nothing left to do, and
// does not touch what belongs to the caller, who may have gone.
class Items {
 public:
  Items(std::size_t count, const Checkpoint& check,
        const std::function<Result<void>(std::size_t)>& item)
      : count_(count), check_(check), item_(item) {}

  // Does items until none is left to begin.
  void work() {
    while (const auto next = begin()) end(run(*next));
  }

  // Returns when none is under way, and none will begin.
  Result<void> wait() {
    MutexLock lock(mutex_);
    while (under_way_ > 0) ended_.wait(lock);
    if (!failure_) return {};
    if (failure_->thrown) std::rethrow_exception(failure_->thrown);
    return std::move(failure_->result);
  }

 private:
  std::optional<std::size_t> begin() {
    const MutexLock lock(mutex_);
    if (failure_ || begun_ == count_) return std::nullopt;
    ++under_way_;
    return begun_++;
  }

  std::optional<Failure> run(std::size_t item) const {
    try {
      auto result = bounded(check_, [&]() -> Result<void> {
        TRAWL_TRY(check_work());
        return item_(item);
      });
      if (result) return std::nullopt;
      return Failure{item, std::move(result)};
    } catch (...) {
      return Failure{item, {}, std::current_exception()};
    }
  }

  void end(std::optional<Failure> failure) {
    const MutexLock lock(mutex_);
    if (failure && (!failure_ || failure->item < failure_->item)) {
      failure_ = std::move(failure);
    }
    if (--under_way_ == 0) ended_.notify_all();
  }

  const std::size_t count_;
  const Checkpoint& check_;  // These two are the caller's: for an item that is under way.
  const std::function<Result<void>(std::size_t)>& item_;
  Mutex mutex_;
  CondVar ended_;
  std::size_t begun_ TRAWL_GUARDED_BY(mutex_) = 0;
  std::size_t under_way_ TRAWL_GUARDED_BY(mutex_) = 0;
  std::optional<Failure> failure_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace

Result<void> FanOut::for_each(std::size_t count, std::size_t at_once,
                              const Checkpoint& check,
                              const std::function<Result<void>(std::size_t)>& item) const {
  const auto items = std::make_shared<Items>(count, check, item);
  const std::size_t others = std::min(count, std::max<std::size_t>(at_once, 1));
  for (std::size_t i = 1; pool_ != nullptr && i < others; ++i) {
    const auto submitted = pool_->submit_for(WorkerPool::account_here(), [items] {
      const Waiting waiting;
      items->work();
    });
    if (submitted != WorkerPool::Submitted::yes) break;  // So many fewer at once.
  }
  const Waiting waiting;
  items->work();
  return items->wait();
}

}  // namespace trawl
