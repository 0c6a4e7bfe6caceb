#pragma once

#include <pthread.h>

#include <functional>
#include <string_view>
#include <utility>

namespace trawl {

// A thread that is joined before its handle goes. Made by start_thread() alone.
class [[nodiscard]] Thread {
 public:
  Thread() = default;  // None.
  Thread(Thread&& other) noexcept
      : handle_(other.handle_), is_joinable_(std::exchange(other.is_joinable_, false)) {}
  Thread& operator=(Thread&& other) noexcept {
    join();
    handle_ = other.handle_;
    is_joinable_ = std::exchange(other.is_joinable_, false);
    return *this;
  }
  ~Thread() { join(); }

  bool is_joinable() const { return is_joinable_; }
  // Returns when the thread has ended; at once where there is none. Not for itself.
  void join();

 private:
  friend Thread start_thread(std::string_view, std::function<void()>);

  pthread_t handle_{};
  bool is_joinable_ = false;
};

// The root of every thread of the server: tests/check_arrows.py refuses any other. The
// thread bears the name, of which the system shows 15 bytes (top -H, core files). What the
// function throws is logged under the name, as the end of the thread, and goes no further.
// The function is destroyed on the new thread.
//   throws std::system_error when the system has no thread left, std::bad_alloc
Thread start_thread(std::string_view name, std::function<void()> function);

// Lets the other threads of this group of processes (its control group, or its terminal's)
// go before the calling one wherever both want a processor, for as long as it lives: the
// system takes this back from nobody without a privilege. Threads that it starts inherit
// it. Where nobody else wants one, it runs as it did.
void give_way_to_other_threads() noexcept;

}  // namespace trawl
