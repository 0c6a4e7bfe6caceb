#include "http/server/stream_threads.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "runtime/guarded.h"
#include "runtime/turn.h"

namespace trawl::http {

Stock::Taken StreamThreads::start(const std::string& account, std::function<void()> task) {
  auto place_of_account = std::make_shared<Lease>(places_, account);
  const Stock::Taken taken = place_of_account->grow_to(1);
  if (taken != Stock::Taken::yes) return taken;
  std::list<Thread> ended;
  bool started = false;
  {
    const MutexLock lock(mutex_);
    ended.swap(ended_);
    if (!closed_) {
      const auto place = running_.emplace(running_.end());
      try {
        *place = start_thread("stream", [this, place, account, task = std::move(task),
                                         lease = std::move(place_of_account)]() mutable {
          run_guarded("a stream", [&] {
            const PoolGuest guest(workers_, account);
            task();
          });
          // What it holds goes before it counts as ended.
          run_guarded("the end of a stream", [&] { task = nullptr; });
          lease.reset();
          const MutexLock ending(mutex_);
          ended_.splice(ended_.end(), running_, place);
        });
        started = true;
      } catch (const std::exception& e) {
        running_.erase(place);
        spdlog::error("cannot start a thread for a stream: {}", e.what());
      }
    }
  }
  for (Thread& thread : ended) thread.join();
  return started ? Stock::Taken::yes : Stock::Taken::none_left;
}

std::size_t StreamThreads::active() const {
  const MutexLock lock(mutex_);
  return running_.size();
}

void StreamThreads::join() {
  while (true) {
    Thread next;
    {
      const MutexLock lock(mutex_);
      closed_ = true;
      std::list<Thread>& threads = ended_.empty() ? running_ : ended_;
      if (threads.empty()) return;
      // A running thread keeps its place in the list, which it needs when it ends.
      next = std::move(threads.front());
      if (&threads == &ended_) threads.pop_front();
    }
    next.join();
  }
}

}  // namespace trawl::http
