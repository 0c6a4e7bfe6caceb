#include "runtime/turn.h"

#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "runtime/waiting.h"
#include "runtime/worker_pool.h"
#include "runtime/worker_pool_parts.h"

// How tasks give their slots to others, to wait or because it is the others' turn.
namespace trawl {

// Whether the slot was given back.
bool WorkerPool::begin_wait(Worker& worker) noexcept {
  Next next;
  {
    const MutexLock lock(mutex_);
    if (!worker.is_guest) {
      if (waiting_ >= options_.waiting_max) return false;
      ++waiting_;
    }
    leave_slot(worker, monotonic_us());
    next = give_slots();
  }
  go_on(next);
  return true;
}

void WorkerPool::end_wait(Worker& worker) {
  Next next;
  {
    const MutexLock lock(mutex_);
    if (!worker.is_guest) --waiting_;
    const bool may_run = !worker.is_long || long_running_ < options_.long_slots;
    if (may_run && running_ < options_.slots && claims_.empty()) {
      take_slot(worker);
      return;
    }
    Account& its = *worker.account;
    if (may_run) {
      its.returning.splice(its.returning.end(), busy_, worker.self);
    } else {
      set_aside(worker, busy_, its.set_aside.end());
    }
    rank(its);
    next = give_slots();
  }
  go_on(next);
  wait_for_turn(worker);
}

void WorkerPool::set_aside(Worker& worker, Workers& from, Workers::iterator place) {
  worker.account->set_aside.splice(place, from, worker.self);
  ++set_aside_;
}

// For one who was put among those who want a slot.
void WorkerPool::wait_for_turn(Worker& worker) {
  MutexLock lock(mutex_);
  while (!worker.has_slot) worker.changed->wait(lock);
}

// Whether somebody else should have the slot of a task.
bool WorkerPool::has_better_claim(const Worker& worker) const {
  if (worker.is_long && long_running_ > options_.long_slots) return true;
  // Who leaves a slot as a long task leaves one for long tasks.
  const Choice next = choose(worker.is_long || long_running_ < options_.long_slots);
  if (next.claim == Claim::none) return false;
  if (next.account != worker.account) {
    return next.account->used_us < worker.account->used_us;
  }
  return worker.is_long && next.claim != Claim::set_aside;
}

void WorkerPool::give_turn(Worker& worker, std::int64_t now_us) {
  Next next;
  {
    const MutexLock lock(mutex_);
    charge(worker, now_us);
    if (!worker.is_long && worker.task_us >= options_.long_task_us) {
      worker.is_long = true;
      ++long_running_;
    }
    if (!has_better_claim(worker)) return;
    // Who goes on has the first claim of its account, so that few at a time hold what they
    // have gathered; one more long task than may run comes after the others.
    const bool is_last = worker.is_long && long_running_ > options_.long_slots;
    leave_slot(worker, now_us);
    Account& its = *worker.account;
    if (worker.is_long) {
      set_aside(worker, busy_, is_last ? its.set_aside.end() : its.set_aside.begin());
    } else {
      its.returning.splice(its.returning.begin(), busy_, worker.self);
    }
    rank(its);
    next = give_slots();
  }
  go_on(next);
  wait_for_turn(worker);
}

// Of a task that is a long one before it begins: after those who have begun. It counts as
// queued until then. Nothing where it may begin.
std::optional<WorkerPool::Next> WorkerPool::set_aside_unbegun(Worker& worker) {
  if (!has_better_claim(worker)) return std::nullopt;
  leave_slot(worker, monotonic_us());
  Account& its = *worker.account;
  set_aside(worker, busy_, its.set_aside.end());
  worker.is_unbegun = true;
  ++its.unbegun;
  ++unbegun_;
  rank(its);
  return give_slots();
}

void WorkerPool::enter(Workers& guest, const std::string& account_name) {
  Worker& worker = guest.front();
  Next next;
  {
    const MutexLock lock(mutex_);
    Account& its = account(account_name);
    ++its.busy;
    worker.self = guest.begin();
    worker.account = &its;
    worker.is_long = true;
    worker.is_guest = true;
    set_aside(worker, guest, its.set_aside.end());
    rank(its);
    next = give_slots();
  }
  go_on(next);
  wait_for_turn(worker);
}

void WorkerPool::leave(Workers& guest) {
  Next next;
  {
    const MutexLock lock(mutex_);
    const auto self = this_worker_->self;
    leave_slot(*self, monotonic_us());
    Account& its = *self->account;
    --its.busy;
    forget_idle(its);
    guest.splice(guest.begin(), busy_, self);
    next = give_slots();
  }
  go_on(next);
}

// From now on to other threads, whom a short task may need to be answered; the system would
// let them wait for its next tick, and the one after that.
void WorkerPool::give_way(Worker& worker) {
  // The thread of a guest is not ours to change.
  if (worker.is_guest || std::exchange(worker.gives_way, true)) return;
  give_way_to_other_threads();
}

void give_turn() {
  WorkerPool::Worker* const worker = WorkerPool::this_worker_;
  if (worker == nullptr || worker->waits > 0 || locks_held > 0) return;
  std::int64_t now_us = monotonic_us();
  if (now_us - worker->yielded_us >= kYieldUs) {
    std::this_thread::yield();
    worker->yielded_us = now_us = monotonic_us();
  }
  if (now_us - worker->slot_since_us < kTurnUs) return;
  worker->pool.give_turn(*worker, now_us);
  if (worker->is_long) worker->pool.give_way(*worker);
}

struct PoolGuest::State {
  explicit State(WorkerPool& its_pool) : pool(its_pool) { worker.emplace_back(pool); }
  WorkerPool& pool;
  WorkerPool::Workers worker;
};

PoolGuest::PoolGuest(WorkerPool& pool, const std::string& account)
    : state_(std::make_unique<State>(pool)) {
  WorkerPool::Worker* const self = &state_->worker.front();
  pool.enter(state_->worker, account);
  WorkerPool::this_worker_ = self;
}

PoolGuest::~PoolGuest() {
  state_->pool.leave(state_->worker);
  WorkerPool::this_worker_ = nullptr;
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
