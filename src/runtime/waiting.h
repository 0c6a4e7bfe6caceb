#pragma once

namespace trawl {

// Held by a task of a worker pool while it waits for something that is not the processor: a
// slow client, a network, a disk, its turn. Its thread waits without a slot, in which
// another task runs meanwhile; the end of the scope waits for a free slot, before tasks
// that have not begun. So at its end no lock may be held that a task with a slot could be
// waiting for. May be nested, then the outermost counts; does nothing on other threads, and
// where as many wait as may.
class [[nodiscard]] Waiting {
 public:
  Waiting() noexcept;
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

}  // namespace trawl
