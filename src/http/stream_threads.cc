#include "http/stream_threads.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace trawl::http {

bool StreamThreads::start(std::function<void()> task) {
  std::list<std::thread> ended;
  bool started = false;
  {
    const std::lock_guard lock(mutex_);
    ended.swap(ended_);
    if (!closed_ && running_.size() < max_) {
      const auto place = running_.emplace(running_.end());
      try {
        *place = std::thread([this, place, task = std::move(task)]() mutable {
          task();
          task = nullptr;  // What it holds goes before it counts as ended.
          const std::lock_guard ending(mutex_);
          ended_.splice(ended_.end(), running_, place);
        });
        started = true;
      } catch (const std::exception& e) {
        running_.erase(place);
        spdlog::error("cannot start a thread for a streamed reply: {}", e.what());
      }
    }
  }
  for (std::thread& thread : ended) thread.join();
  return started;
}

std::size_t StreamThreads::active() const {
  const std::lock_guard lock(mutex_);
  return running_.size();
}

void StreamThreads::join() {
  while (true) {
    std::thread next;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      std::list<std::thread>& threads = ended_.empty() ? running_ : ended_;
      if (threads.empty()) return;
      // A running thread keeps its place in the list, which it needs when it ends.
      next = std::move(threads.front());
      if (&threads == &ended_) threads.pop_front();
    }
    if (next.joinable()) next.join();
  }
}

}  // namespace trawl::http
