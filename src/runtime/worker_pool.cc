#include "runtime/worker_pool.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <deque>
#include <exception>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "runtime/guarded.h"
#include "runtime/turn.h"
#include "runtime/waiting.h"

namespace trawl {
namespace {

// How often those of an account who may go first do, while others of it wait: tasks that
// wait again and again, each for a moment, or ever new ones, would keep the others out for
// ever.
constexpr std::size_t kPassedOverMax = 8;
constexpr std::size_t kAccountsMax = 1'000;  // With those who want nothing.
constexpr std::size_t kKindsMax = 1'000;     // Of long tasks.

}  // namespace

// What belongs to an account; guarded by the pool's mutex.
struct WorkerPool::Account {
  std::string name;
  double used_us = 0;           // Time in slots, and what it had to begin with.
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
  // Of its own thread: when it last let other threads go first, how many scopes of Waiting
  // it is in, and whether they gave back.
  std::int64_t yielded_us = 0;
  int waits = 0;
  bool gave_slot = false;
};

constinit thread_local WorkerPool::Worker* WorkerPool::this_worker_ = nullptr;

bool WorkerPool::is_worker() {
  return this_worker_ != nullptr;
}

std::string WorkerPool::account_here() {
  const Worker* const worker = this_worker_;
  return worker == nullptr || worker->account == nullptr ? std::string()
                                                         : worker->account->name;
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

WorkerPool::Submitted WorkerPool::submit_for(const std::string& account_name,
                                             std::function<void()> task,
                                             std::uint64_t kind) {
  Next next;
  {
    const MutexLock lock(mutex_);
    if (stopping_ || queued_ + unbegun_ >= options_.queue_max) {
      return Submitted::queue_full;
    }
    Account& its = account(account_name);
    if (its.fresh.size() + its.unbegun >= options_.account_queue_max) {
      return Submitted::account_has_its_share;
    }
    next = queue(its, std::move(task), kind);
  }
  go_on(next);
  return Submitted::yes;
}

bool WorkerPool::continue_for(const std::string& account_name, std::function<void()> task) {
  Next next;
  {
    const MutexLock lock(mutex_);
    if (stopping_) return false;
    next = queue(account(account_name), std::move(task), 0);
  }
  go_on(next);
  return true;
}

WorkerPool::Next WorkerPool::queue(Account& account, std::function<void()> task,
                                   std::uint64_t kind) {
  account.fresh.push_back({std::move(task), kind});
  ++queued_;
  rank(account);
  return give_slots();
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
  return {options_.slots,        running_,           waiting_,
          set_aside_ - unbegun_, queued_ + unbegun_, threads_};
}

// What an account has that comes now: what those have had the least of who are there. Where
// nobody is, all begin anew.
void WorkerPool::advance_virtual_time() {
  double least_us = HUGE_VAL;
  double most_us = virtual_time_us_;
  for (const auto& [name, account] : accounts_) {
    most_us = std::max(most_us, account->used_us);
    if (account->is_active()) least_us = std::min(least_us, account->used_us);
  }
  virtual_time_us_ = std::max(virtual_time_us_, least_us < HUGE_VAL ? least_us : most_us);
}

// The account of that name, which is about to want something.
WorkerPool::Account& WorkerPool::account(const std::string& name) {
  auto found = accounts_.find(name);
  if (found == accounts_.end()) {
    auto made = std::make_unique<Account>();
    made->name = name;
    Claims node;
    node.emplace(0, 0, made.get());
    made->unclaimed = node.extract(node.begin());
    found = accounts_.emplace(name, std::move(made)).first;
  }
  Account& account = *found->second;
  if (!account.is_active()) {
    advance_virtual_time();
    account.used_us = std::max(account.used_us, virtual_time_us_);
    account.arrival = ++arrivals_;
  }
  return account;
}

// What an account had is remembered while it is more than others had.
void WorkerPool::forget_idle(const Account& account) {
  if (account.is_active()) return;
  advance_virtual_time();
  const bool too_many = accounts_.size() > kAccountsMax;
  if (account.used_us > virtual_time_us_ && !too_many) return;
  const double forgotten_us = too_many ? HUGE_VAL : virtual_time_us_;
  std::erase_if(accounts_, [forgotten_us](const auto& each) {
    return !each.second->is_active() && each.second->used_us <= forgotten_us;
  });
}

// Puts an account where it belongs in claims_.
void WorkerPool::rank(Account& account) {
  const bool wants =
      !account.fresh.empty() || !account.returning.empty() || !account.set_aside.empty();
  if (!account.unclaimed && (!wants || account.claim_us != account.used_us)) {
    account.unclaimed = claims_.extract({account.claim_us, account.arrival, &account});
  }
  if (wants && account.unclaimed) {
    account.claim_us = account.used_us;
    account.unclaimed.value() = {account.used_us, account.arrival, &account};
    claims_.insert(std::move(account.unclaimed));
  }
}

void WorkerPool::charge(Worker& worker, std::int64_t now_us) {
  if (!worker.has_slot || worker.account == nullptr) return;
  const std::int64_t used_us = now_us - worker.slot_since_us;
  worker.slot_since_us = now_us;
  worker.task_us += used_us;
  worker.account->used_us += static_cast<double>(used_us);
  rank(*worker.account);
}

void WorkerPool::take_slot(Worker& worker) {
  worker.has_slot = true;
  worker.slot_since_us = monotonic_us();
  ++running_;
  if (worker.is_long) ++long_running_;
}

void WorkerPool::leave_slot(Worker& worker, std::int64_t now_us) {
  charge(worker, now_us);
  worker.has_slot = false;
  --running_;
  if (worker.is_long) --long_running_;
}

// Who has the best claim to a slot that is free.
WorkerPool::Choice WorkerPool::choose(bool long_may_run) const {
  for (const auto& [used_us, arrival, account] : claims_) {
    const bool has_fresh = !account->fresh.empty() && queued_ > coming_;
    const bool has_set_aside = !account->set_aside.empty() && long_may_run;
    if (has_set_aside && account->set_aside_passed_over >= kPassedOverMax) {
      return {Claim::set_aside, account};
    }
    if (!account->returning.empty() &&
        !(has_fresh && account->fresh_passed_over >= kPassedOverMax)) {
      return {Claim::returning, account};
    }
    if (has_fresh) return {Claim::fresh, account};
    if (has_set_aside) return {Claim::set_aside, account};
  }
  return {};
}

WorkerPool::Choice WorkerPool::choose() const {
  return choose(long_running_ < options_.long_slots);
}

void WorkerPool::note_choice(const Choice& choice) {
  Account& account = *choice.account;
  const auto pass_over = [](std::size_t& count, bool chosen, bool waits) {
    count = chosen || !waits ? 0 : count + 1;
  };
  pass_over(account.fresh_passed_over, choice.claim == Claim::fresh,
            !account.fresh.empty());
  pass_over(account.set_aside_passed_over, choice.claim == Claim::set_aside,
            !account.set_aside.empty());
}

// Gives free slots to those who want one. Threads to be started have theirs already.
WorkerPool::Next WorkerPool::give_slots() {
  Next next;
  const auto give = [&next](Worker& worker) {
    if (next.wake) next.wake->notify_one();
    next.wake = worker.changed;
  };
  while (running_ < options_.slots) {
    const Choice choice = choose();
    if (choice.claim == Claim::none) break;
    if (choice.claim == Claim::fresh) {
      ++coming_;
      if (idle_.empty()) {
        ++running_;
        ++threads_;
        ++next.starts;
        continue;
      }
      Worker& last = idle_.back();
      take_slot(last);
      give(last);
      busy_.splice(busy_.end(), idle_, last.self);
      continue;
    }
    note_choice(choice);
    const bool is_returning = choice.claim == Claim::returning;
    Workers& from = is_returning ? choice.account->returning : choice.account->set_aside;
    if (!is_returning) --set_aside_;
    Worker& first = from.front();
    if (std::exchange(first.is_unbegun, false)) {
      --choice.account->unbegun;
      --unbegun_;
    }
    take_slot(first);
    give(first);
    busy_.splice(busy_.end(), from, first.self);
    rank(*choice.account);
  }
  return next;
}

bool WorkerPool::is_long_kind(std::uint64_t kind) const {
  const auto found = kinds_.find(kind);
  return found != kinds_.end() &&
         std::min(found->second.last_us, found->second.before_us) >= kLongTaskUs;
}

void WorkerPool::note_cost(std::uint64_t kind, std::int64_t used_us) {
  if (kind == 0) return;
  const auto found = kinds_.find(kind);
  if (found != kinds_.end()) {
    found->second = {used_us, found->second.last_us};
    if (std::max(used_us, found->second.before_us) < kLongTaskUs) kinds_.erase(found);
    return;
  }
  if (used_us < kLongTaskUs) return;
  if (kinds_.size() >= kKindsMax) kinds_.erase(kinds_.begin());
  try {
    kinds_.emplace(kind, LastTwo{used_us, 0});
  } catch (const std::bad_alloc&) {
    // The next one is taken for a short one, as this was.
  }
}

// Takes the task off the queue that is to run next, in the slot that the worker has.
std::function<void()> WorkerPool::begin_task(Worker& worker) {
  Choice choice = choose(false);
  // Only the tasks were counted: those who may go first came after the slot was given.
  if (choice.claim != Claim::fresh) {
    for (const auto& [used_us, arrival, account] : claims_) {
      if (account->fresh.empty()) continue;
      choice = {Claim::fresh, account};
      break;
    }
  }
  note_choice(choice);
  Account& its = *choice.account;
  auto task = std::move(its.fresh.front().task);
  worker.kind = its.fresh.front().kind;
  its.fresh.pop_front();
  --queued_;
  ++its.busy;
  rank(its);
  worker.account = &its;
  worker.task_us = 0;
  worker.slot_since_us = worker.yielded_us = monotonic_us();
  worker.is_long = is_long_kind(worker.kind);
  if (worker.is_long) ++long_running_;
  return task;
}

void WorkerPool::end_task(Worker& worker) {
  charge(worker, monotonic_us());
  note_cost(worker.kind, worker.task_us);
  if (worker.is_long) --long_running_;
  worker.is_long = false;
  Account& its = *std::exchange(worker.account, nullptr);
  --its.busy;
  forget_idle(its);
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
      self->has_slot = true;  // Counted already.
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

void WorkerPool::work(Workers::iterator self) {
  this_worker_ = &*self;
  Workers before;
  MutexLock lock(mutex_);
  do {
    --coming_;
    // The first is what the slot was given for; whether it goes to another one of the queue
    // after that, on this thread, or to somebody who returns, is a new choice.
    for (bool is_first = true; queued_ > 0 && (is_first || choose().claim == Claim::fresh);
         is_first = false) {
      auto task = begin_task(*self);
      // At once, or one that computes would see one more than may, and go in its place.
      const auto aside = self->is_long ? set_aside_unbegun(*self) : std::nullopt;
      lock.unlock();
      if (aside) {
        go_on(*aside);
        wait_for_turn(*self);
      }
      // What it holds is released without the lock.
      run_guarded("a task of the worker pool", task);
      run_guarded("the end of a task of the worker pool", [&] { task = nullptr; });
      lock.lock();
      end_task(*self);
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
    if (!worker.is_long && worker.task_us >= kLongTaskUs) {
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
