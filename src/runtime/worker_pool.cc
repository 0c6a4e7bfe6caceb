#include "runtime/worker_pool.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <exception>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "runtime/thread.h"
#include "runtime/turn.h"
#include "runtime/worker_pool_parts.h"

namespace trawl {
namespace {

// How often those of an account who may go first do, while others of it wait: tasks that
// wait again and again, each for a moment, or ever new ones, would keep the others out for
// ever.
constexpr std::size_t kPassedOverMax = 8;
constexpr std::size_t kAccountsMax = 1'000;  // With those who want nothing.
constexpr std::size_t kKindsMax = 1'000;     // Of long tasks.

}  // namespace

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
  {
    const MutexLock lock(mutex_);
    threads_ = running_ = coming_ = options_.slots;
  }
  bool all_started = true;
  for (std::size_t i = 0; i < options_.slots; ++i) all_started &= start_worker(true);
  if (all_started) {
    try {
      starter_ = start_thread("worker starter", [this] { keep_started(); });
      return;
    } catch (const std::exception&) {
    }
  }
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

void WorkerPool::set_weight(const std::string& account, double weight) {
  const MutexLock lock(mutex_);
  if (weight == kWeight) {
    weights_.erase(account);
  } else {
    weights_[account] = weight;
  }
  const auto found = accounts_.find(account);
  if (found != accounts_.end()) found->second->weight = weight;
}

void WorkerPool::stop() {
  Workers ended;
  {
    MutexLock lock(mutex_);
    // Whoever comes second returns when all is over, as the first does.
    if (stopping_) {
      while (!stopped_) all_ended_.wait(lock);
      return;
    }
    stopping_ = true;
    for (Worker& worker : idle_) worker.changed->notify_one();
    starter_wanted_.notify_all();
    while (threads_ > 0) all_ended_.wait(lock);
    starter_wanted_.notify_all();
    ended.swap(ended_);
  }
  join(std::move(ended));
  starter_.join();
  const MutexLock lock(mutex_);
  stopped_ = true;
  all_ended_.notify_all();
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
    if (const auto weight = weights_.find(name); weight != weights_.end()) {
      made->weight = weight->second;
    }
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
  worker.account->used_us +=
      static_cast<double>(used_us) * kWeight / worker.account->weight;
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
         std::min(found->second.last_us, found->second.before_us) >= options_.long_task_us;
}

void WorkerPool::note_cost(std::uint64_t kind, std::int64_t used_us) {
  if (kind == 0) return;
  const auto found = kinds_.find(kind);
  if (found != kinds_.end()) {
    found->second = {used_us, found->second.last_us};
    if (std::max(used_us, found->second.before_us) < options_.long_task_us) {
      kinds_.erase(found);
    }
    return;
  }
  if (used_us < options_.long_task_us) return;
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

}  // namespace trawl
