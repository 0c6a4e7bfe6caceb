#pragma once

#include <memory>
#include <string>

namespace trawl {

class WorkerPool;

// To be called now and then, such as every few thousand steps, by what may compute for
// long. Where the thread runs a task in a slot of a WorkerPool and has had it for a few
// milliseconds, and somebody else has a better claim to it, the slot goes there, and this
// returns when its turn has come again:
//   - a task of another account goes before it, where that has had less time in slots;
//   - one that has computed for long is a long one (WorkerPoolOptions::long_task_us): those
//     of its own account that have not go before it, and no more long ones run at once than
//     the pool says.
// It also lets threads run that wait for this processor, such as those that read sockets
// and commit: the system would let them wait until its next tick, 4 ms often.
// Does nothing on other threads, within a Waiting, and while the thread holds a lock of
// base/mutex.h.
void give_turn();

inline constexpr int kTurnUs = 4'000;  // Before which nobody gives it away.
inline constexpr int kYieldUs = 500;   // Before which no thread is let run.

// Takes a slot of a pool, as a long task does, for what runs on a thread of its own, so
// that it has its account's share and no more. Waits for it. give_turn() and Waiting are as
// in a task of the pool. Not on a thread of a pool. The pool must outlive it.
class [[nodiscard]] PoolGuest {
 public:
  PoolGuest(WorkerPool& pool, const std::string& account);
  ~PoolGuest();
  PoolGuest(const PoolGuest&) = delete;
  PoolGuest& operator=(const PoolGuest&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace trawl
