#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/work_limit.h"
#include "runtime/waiting.h"
#include "runtime/worker_pool.h"

namespace trawl {

// Where several want the same at the same time, one computes it and the others wait for
// what it finds, by a key that says what it is. Whoever waits holds no slot of the worker
// pool, and is released by its own limits. What ends the work of the one who computes is
// not the end of the others: one of them takes over. It keeps no values, which is a
// cache's business: look there first, and once more with the lead in hand, and put the
// value there before publish(), so that none is computed twice.
//
//   auto joined = flights.join(key, check);
//   if (joined->value) return joined->value;
//   auto value = compute();                // An error on the way leaves it to others.
//   joined->lead.publish(value);
//
// A task that is not the first of its account may be set aside for long, and whoever waits
// for it would wait as long. So one of another account takes over, as well, where the lead
// has not said for kStaleUs that it goes on; what was begun then ends for itself.
//
// May be nested, where of two keys it is always the same one that is waited for while the
// other is led. Thread-safe; outlives its leads.
template <class T>
class SingleFlight {
  struct Flight;

 public:
  static constexpr std::int64_t kStaleUs = 50'000;
  // Those who wait look at their limits this often.
  static constexpr std::chrono::milliseconds kLookTime{20};

  // Held by who computes, until it has published or given up. Not thread-safe, but for
  // go_on().
  class [[nodiscard]] Lead {
   public:
    Lead() = default;  // None.
    Lead(Lead&& other) noexcept
        : flights_(std::exchange(other.flights_, nullptr)),
          flight_(std::move(other.flight_)),
          number_(other.number_) {}
    Lead& operator=(Lead&& other) noexcept {
      give_up();
      flights_ = std::exchange(other.flights_, nullptr);
      flight_ = std::move(other.flight_);
      number_ = other.number_;
      return *this;
    }
    ~Lead() { give_up(); }

    // Hands the value to those who wait.
    void publish(std::shared_ptr<const T> value) {
      if (flights_ == nullptr) return;
      std::exchange(flights_, nullptr)->end(*flight_, number_, std::move(value));
    }
    // Leaves it to one of those who wait.
    void give_up() {
      if (flights_ == nullptr) return;
      std::exchange(flights_, nullptr)->end(*flight_, number_, nullptr);
    }
    // To be called at least every few milliseconds of computing.
    void go_on() const {
      if (flights_ != nullptr) flight_->seen_us.store(monotonic_us());
    }
    explicit operator bool() const { return flights_ != nullptr; }

   private:
    friend class SingleFlight;
    Lead(SingleFlight& flights, std::shared_ptr<Flight> flight, std::uint64_t number)
        : flights_(&flights), flight_(std::move(flight)), number_(number) {}

    SingleFlight* flights_ = nullptr;
    std::shared_ptr<Flight> flight_;
    std::uint64_t number_ = 0;
  };

  // One of the two.
  struct Joined {
    std::shared_ptr<const T> value;
    Lead lead;
  };

  // Returns the lead where nobody has it, and otherwise when there is a value or the lead
  // has become free. Not while a lock is held that others need to get on.
  //   what `check`, or another limit of this thread, says while it waits
  Result<Joined> join(const std::string& key, const Checkpoint& check) {
    const std::string account = WorkerPool::account_here();
    std::shared_ptr<Flight> flight;
    {
      const MutexLock lock(mutex_);
      std::shared_ptr<Flight>& there = flights_[key];
      if (there == nullptr) there = std::make_shared<Flight>(key);
      flight = there;
      if (flight->lead == 0) return Joined{nullptr, take_lead(flight, account)};
      ++flight->waiting;
    }
    return wait(flight, account, check);
  }

 private:
  // Guarded by mutex_, but for the time.
  struct Flight {
    explicit Flight(std::string its_key) : key(std::move(its_key)) {}

    const std::string key;
    std::shared_ptr<const T> value;
    std::uint64_t lead = 0;  // Whose it is; 0: nobody's.
    std::string account;     // Of the lead.
    std::size_t waiting = 0;
    std::atomic<std::int64_t> seen_us{0};  // When the lead said that it goes on.
    CondVar changed;
  };

  Result<Joined> wait(const std::shared_ptr<Flight>& flight, const std::string& account,
                      const Checkpoint& check) {
    const WorkLimit limit(check);
    // Ends after the lock: it waits for a slot, and those in slots need the lock.
    const Waiting waiting;
    MutexLock lock(mutex_);
    while (true) {
      if (flight->value != nullptr) {
        --flight->waiting;
        return Joined{flight->value, {}};
      }
      if (flight->lead == 0 || (flight->account != account &&
                                monotonic_us() - flight->seen_us.load() > kStaleUs)) {
        --flight->waiting;
        return Joined{nullptr, take_lead(flight, account)};
      }
      (void)flight->changed.wait_until(lock, std::chrono::steady_clock::now() + kLookTime);
      lock.unlock();
      auto checked = check_work();
      lock.lock();
      if (checked) continue;
      --flight->waiting;
      forget_if_unwanted(*flight);
      // Who was woken to take over may be this one.
      flight->changed.notify_one();
      return std::move(checked).error();
    }
  }

  Lead take_lead(const std::shared_ptr<Flight>& flight, const std::string& account)
      TRAWL_REQUIRES(mutex_) {
    flight->lead = ++leads_;
    flight->account = account;
    flight->seen_us.store(monotonic_us());
    return Lead(*this, flight, flight->lead);
  }

  // Without a value, where the lead gives up. One that others took over from may still
  // bring the value, and no more.
  void end(Flight& flight, std::uint64_t lead, std::shared_ptr<const T> value) {
    const MutexLock lock(mutex_);
    if (value != nullptr && flight.value == nullptr) {
      flight.value = std::move(value);
      flight.changed.notify_all();
      forget(flight);
    } else if (flight.lead == lead) {
      flight.lead = 0;
      flight.changed.notify_one();
      forget_if_unwanted(flight);
    }
  }

  void forget_if_unwanted(const Flight& flight) TRAWL_REQUIRES(mutex_) {
    if (flight.lead == 0 && flight.waiting == 0) forget(flight);
  }

  // Who comes from now on begins another one.
  void forget(const Flight& flight) TRAWL_REQUIRES(mutex_) {
    const auto found = flights_.find(flight.key);
    if (found != flights_.end() && found->second.get() == &flight) flights_.erase(found);
  }

  Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_
      TRAWL_GUARDED_BY(mutex_);
  std::uint64_t leads_ TRAWL_GUARDED_BY(mutex_) = 0;
};

}  // namespace trawl
