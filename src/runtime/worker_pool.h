#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "runtime/thread.h"

namespace trawl {

// From so long on a task is a long one, unless the pool is told otherwise.
inline constexpr int kLongTaskUs = 10'000;

struct WorkerPoolOptions {
  std::size_t slots = 1;  // Tasks that run at the same time; at least 1.
  // How many of these may be long ones (see turn.h), at least 1: with the number of
  // processors, a short task finds one that is not taken.
  std::size_t long_slots = std::numeric_limits<std::size_t>::max();
  std::int64_t long_task_us = kLongTaskUs;  // From so long in slots on, all in all.
  std::size_t queue_max = 1024;             // Tasks that wait to begin,
  // and how many of them may be of one account.
  std::size_t account_queue_max = std::numeric_limits<std::size_t>::max();
  std::size_t waiting_max = 1000;  // Tasks that wait without a slot (see Waiting).
  // How long a thread beyond one for each slot stays when there is nothing to do.
  std::chrono::milliseconds idle_time = std::chrono::seconds(5);
};

// A bounded number of slots in which tasks from a bounded queue run, each on a thread of
// the pool. Any thread will do: there is one for each slot, and more are started as tasks
// give their slots back to wait (see Waiting). Thread-safe.
//
// The slots are shared by account: a free one goes to the account that has had the least
// time in slots, as start-time fair queueing has it (Goyal et al., 1996), so that one that
// comes after a pause begins with what those have who are there. Time counts the less, the
// more an account weighs. Among the tasks of an
// account those go first that return from a wait, then those that have not begun, and then
// the long ones, which had their share of a first go already (give_turn()); so short ones
// do not wait for long ones. Nobody is passed over for ever.
//
// A task of a kind of which the last two were long ones is one from the beginning, and
// waits behind the others before it has gathered anything; what it takes itself is what
// counts for the next. Two, so that one that had to read what is remembered since does not
// make those wait that find it there.
//
// The thread of a long task gives way to all others (see thread.h), so that a short one has
// a processor as soon as it has a slot, and so have the threads that read its request and
// send its answer. It ends with the task; the starter, which never gives way, replaces it.
class WorkerPool {
 public:
  //   throws std::system_error when the system does not have a thread for each slot
  explicit WorkerPool(WorkerPoolOptions options);
  WorkerPool(std::size_t slots, std::size_t queue_max)
      : WorkerPool(WorkerPoolOptions{.slots = slots, .queue_max = queue_max}) {}
  ~WorkerPool();  // As stop().
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  enum class Submitted {
    yes,
    queue_full,             // Or the pool is stopping.
    account_has_its_share,  // Of the queue.
  };
  // Unless it says yes, the task is not run. What a task throws is logged, and ends neither
  // its thread nor the process.
  // Tasks of one `kind` are likely to take alike; 0: it is like no other.
  [[nodiscard]] Submitted submit_for(const std::string& account, std::function<void()> task,
                                     std::uint64_t kind = 0);
  // For no account in particular.
  [[nodiscard]] bool submit(std::function<void()> task) {
    return submit_for({}, std::move(task)) == Submitted::yes;
  }
  // For the next part of what was admitted as a task before, and so has a bound already: it
  // is queued however many wait. False only when the pool is stopping.
  [[nodiscard]] bool continue_for(const std::string& account, std::function<void()> task);
  // Takes no more tasks, runs what is queued, and returns when the last one has ended,
  // those that wait too. Not to be called from a task.
  void stop();
  // Whether the calling thread runs a task of some pool, and so may take its time.
  static bool is_worker();
  // Of the task that this thread runs; empty where it runs none.
  static std::string account_here();
  const WorkerPoolOptions& options() const { return options_; }

  // What an account weighs, more than 0, from now on: where several want slots, one that
  // weighs twice as much as another gets twice its time. kWeight where this was not called.
  static constexpr double kWeight = 100;
  void set_weight(const std::string& account, double weight);

  struct Metrics {
    std::size_t slots = 0;
    std::size_t running = 0;    // Tasks in a slot.
    std::size_t waiting = 0;    // That gave theirs back to wait for something.
    std::size_t set_aside = 0;  // That others went before.
    std::size_t queued = 0;     // That have not begun.
    std::size_t threads = 0;
  };
  Metrics metrics() const;

 private:
  friend class Waiting;
  friend class PoolGuest;
  friend void give_turn();
  struct Worker;
  struct Account;
  using Workers = std::list<Worker>;
  // Time in slots, then the order in which they came.
  using Claims = std::set<std::tuple<double, std::uint64_t, Account*>>;

  static constinit thread_local Worker* this_worker_;  // Whose thread this is; or null.

  // Who may take a slot next.
  enum class Claim { none, returning, fresh, set_aside };
  struct Choice {
    Claim claim = Claim::none;
    Account* account = nullptr;
  };

  // What follows from giving slots away, once the mutex is released.
  struct Next {
    std::shared_ptr<CondVar> wake;  // Of one who was given a slot; null for none.
    std::size_t starts = 0;         // Threads to be started.
  };

  Next queue(Account& account, std::function<void()> task, std::uint64_t kind)
      TRAWL_REQUIRES(mutex_);
  void go_on(const Next& next);
  void start_workers(std::size_t count);
  bool start_worker(bool has_slot);
  void keep_started();
  void work(Workers::iterator self);
  bool wait_for_slot(Worker& worker, MutexLock& lock) TRAWL_REQUIRES(mutex_);
  bool begin_wait(Worker& worker) noexcept;
  void end_wait(Worker& worker);
  void give_turn(Worker& worker, std::int64_t now_us);
  static void give_way(Worker& worker);
  void enter(Workers& guest, const std::string& account);
  void leave(Workers& guest);

  Account& account(const std::string& name) TRAWL_REQUIRES(mutex_);
  void forget_idle(const Account& account) TRAWL_REQUIRES(mutex_);
  void advance_virtual_time() TRAWL_REQUIRES(mutex_);
  void rank(Account& account) TRAWL_REQUIRES(mutex_);
  void charge(Worker& worker, std::int64_t now_us) TRAWL_REQUIRES(mutex_);
  void take_slot(Worker& worker) TRAWL_REQUIRES(mutex_);
  void leave_slot(Worker& worker, std::int64_t now_us) TRAWL_REQUIRES(mutex_);
  void wait_for_turn(Worker& worker);
  void set_aside(Worker& worker, Workers& from, Workers::iterator place)
      TRAWL_REQUIRES(mutex_);
  std::optional<Next> set_aside_unbegun(Worker& worker) TRAWL_REQUIRES(mutex_);
  bool has_better_claim(const Worker& worker) const TRAWL_REQUIRES(mutex_);
  Choice choose(bool long_may_run) const TRAWL_REQUIRES(mutex_);
  Choice choose() const TRAWL_REQUIRES(mutex_);
  void note_choice(const Choice& choice) TRAWL_REQUIRES(mutex_);
  bool is_long_kind(std::uint64_t kind) const TRAWL_REQUIRES(mutex_);
  void note_cost(std::uint64_t kind, std::int64_t used_us) TRAWL_REQUIRES(mutex_);
  std::function<void()> begin_task(Worker& worker) TRAWL_REQUIRES(mutex_);
  void end_task(Worker& worker) TRAWL_REQUIRES(mutex_);
  [[nodiscard]] Next give_slots() TRAWL_REQUIRES(mutex_);
  void join(Workers ended);

  const WorkerPoolOptions options_;
  mutable Mutex mutex_;
  // Each worker is in one of these, or in one of its account; moving it from one to another
  // allocates nothing.
  Workers busy_ TRAWL_GUARDED_BY(mutex_);  // With a task, in a slot or waiting.
  Workers idle_ TRAWL_GUARDED_BY(mutex_);  // The last to become idle is the first to go on.
  Workers ended_ TRAWL_GUARDED_BY(mutex_);  // To be joined.
  std::unordered_map<std::string, std::unique_ptr<Account>> accounts_
      TRAWL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, double> weights_ TRAWL_GUARDED_BY(mutex_);
  // Those of which somebody wants a slot, by the time that they had. An account keeps its
  // node while it has no claim, so that nothing is allocated where a slot changes hands.
  Claims claims_ TRAWL_GUARDED_BY(mutex_);
  // Of kinds of which one of the last two tasks was a long one, what these took.
  struct LastTwo {
    std::int64_t last_us = 0;
    std::int64_t before_us = 0;
  };
  std::unordered_map<std::uint64_t, LastTwo> kinds_ TRAWL_GUARDED_BY(mutex_);
  // What an account that comes has had: the least of those who were there; never less.
  double virtual_time_us_ TRAWL_GUARDED_BY(mutex_) = 0;
  std::uint64_t arrivals_ TRAWL_GUARDED_BY(mutex_) = 0;  // Of accounts.
  std::size_t queued_ TRAWL_GUARDED_BY(mutex_) = 0;      // Tasks that have not begun.
  std::size_t set_aside_ TRAWL_GUARDED_BY(mutex_) = 0;
  std::size_t unbegun_ TRAWL_GUARDED_BY(mutex_) = 0;       // Of these, have not begun.
  std::size_t long_running_ TRAWL_GUARDED_BY(mutex_) = 0;  // Slots that long ones have.
  std::size_t threads_ TRAWL_GUARDED_BY(mutex_) = 0;  // With those about to be started.
  std::size_t running_ TRAWL_GUARDED_BY(mutex_) = 0;  // Slots in use.
  std::size_t waiting_ TRAWL_GUARDED_BY(mutex_) = 0;
  // Workers that were given a slot for a task and have not looked into the queue yet.
  std::size_t coming_ TRAWL_GUARDED_BY(mutex_) = 0;
  bool start_failed_ TRAWL_GUARDED_BY(mutex_) = false;
  bool stopping_ TRAWL_GUARDED_BY(mutex_) = false;
  bool stopped_ TRAWL_GUARDED_BY(mutex_) = false;
  std::size_t to_be_started_ TRAWL_GUARDED_BY(mutex_) = 0;  // Workers, by the starter.
  CondVar starter_wanted_;
  CondVar all_ended_;
  // Held while a thread starts: who joins it finds its handle there.
  Mutex start_mutex_;
  Thread starter_;
};

}  // namespace trawl
